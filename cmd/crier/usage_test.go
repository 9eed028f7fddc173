package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/feed/feedtest"
)

// wantRefusal wants a run to end with an exit code and one sentence that has
// these parts, in order, and nothing on standard output.
func wantRefusal(t *testing.T, c *tool, exit int, parts ...string) {
	t.Helper()
	<-c.ended
	if c.exit != exit {
		t.Errorf("crier %q: exit code %d, want %d: %s", c.args, c.exit, exit, c.err)
	}
	if out := c.out.String(); out != "" {
		t.Errorf("crier %q printed %q", c.args, out)
	}
	var said []string
	for line := range strings.Lines(c.err.String()) {
		words, ok := strings.CutPrefix(line, "crier "+c.args[0]+": ")
		// That nobody listens is told as well, where the machine is slow.
		if ok && !strings.HasPrefix(words, "publishing session") &&
			!strings.HasPrefix(words, "listening to") &&
			!strings.HasPrefix(words, "no subscriber has been heard") {
			said = append(said, line)
		}
	}
	if len(said) != 1 {
		t.Errorf("crier %q said %d sentences: %q", c.args, len(said), said)
		return
	}
	rest := said[0]
	for _, p := range parts {
		_, after, ok := strings.Cut(rest, p)
		if !ok {
			t.Errorf("crier %q said %q; %q is missing, or out of order", c.args, said[0], p)
			return
		}
		rest = after
	}
}

// Wrong words and values: exit code 2, and a sentence that names what it was.
func TestUsage(t *testing.T) {
	t.Parallel()
	file := feedtest.File(t, "feed", "a\nb\n")
	for _, c := range []struct {
		args  string
		parts []string
	}{
		{"pub --group 10.1.2.3:7700", []string{"--group 10.1.2.3:7700", "not a multicast address",
			"239.0.0.0/8"}},
		{"pub --group 239.1.2.3", []string{"--group 239.1.2.3", "like 239.77.0.1:7700"}},
		{"pub --group 239.1.2.3:0", []string{"--group 239.1.2.3:0", "port"}},
		{"pub --group 239.1.2.3:70000", []string{"--group", "70000"}},
		{"sub --group 10.1.2.3:7700", []string{"--group 10.1.2.3:7700", "not a multicast address"}},
		{"sub --group 239.1.2.3:77 --group 239.1.2.3:77",
			[]string{"--group 239.1.2.3:77", "twice"}},
		{"sub --group 239.1.2.3:77 --group [ff05::1]:77",
			[]string{"different address families", "one command for each"}},
		{"pub --iface nosuch0", []string{"--iface nosuch0", "does not exist", "there are", "lo"}},
		{"sub --history 1KiB", []string{"--history 1KiB", "too small", "128KiB", "0 for none"}},
		{"sub --history 1MiB --recovery off", []string{"--history 1MiB", "--recovery off"}},
		{"sub --history 1MiB --source 10.0.0.1", []string{"--history 1MiB", "--source"}},
		{"sub --iface nosuch0", []string{"--iface nosuch0", "does not exist", "there are", "lo"}},
		{"sub --iface 203.0.113.9", []string{"--iface 203.0.113.9",
			"not an address of this machine"}},
		{"sub --iface=", []string{"--iface", "missing"}},
		{"sub --iface lo --group [ff05::77]:7700", []string{"--iface lo", "IPv6"}},
		{"pub --iface lo --group [ff05::77]:7700", []string{"--iface lo", "IPv6"}},
		{"sub --source here", []string{"--source", "here", "not an address", "192.0.2.7"}},
		{"sub --source 239.1.2.3", []string{"--source 239.1.2.3", "not the address of one sender"}},
		{"doctor --to ::1", []string{"--to ::1", "IPv4 address"}},
		{"doctor --to 239.77.0.1", []string{"--to 239.77.0.1", "a group's address"}},
		{"doctor --to=", []string{"--to is empty"}},
		{"sub --source ::1", []string{"--source ::1", "not of the family"}},

		{"pub --topic=", []string{"--topic has no name", "--topic orders"}},
		{"pub --topic " + strings.Repeat("n", 256), []string{"--topic", "256 bytes", "255"}},
		{"pub --topic bell\a", []string{`--topic "bell\a" has a control character`, "U+0007"}},
		{"pub --topic quotes.*", []string{"--topic 'quotes.*' is a pattern", "without *"}},
		{"pub --topic a --partitions 0", []string{"--partitions 0", "1 to 256"}},
		{"pub --topic a --partitions 257", []string{"--partitions 257", "1 to 256"}},
		{"pub --topic a --partitions many", []string{"--partitions", "many", "whole number"}},
		{"pub --topic a --partitions 4 --groups 5", []string{"--groups 5", "--partitions 5"}},
		{"pub --topic a --partitions 4 --groups -1", []string{"--groups -1", "1 to 256"}},
		{"pub --partitions 4", []string{"--partitions 4", "--topic", "--group"}},
		{"pub --topic a --group 239.255.255.255:77 --partitions 4",
			[]string{"--group", "239.255.255.255", "lower address"}},
		{"pub --topic a --partitions 256 --resend-buffer 1MiB", []string{"--resend-buffer",
			"too small for 256 partitions", "at least", "at most 93 partitions"}},
		{"pub --from " + file + " --key=", []string{"--key is empty", "data.symbol"}},
		{"pub --from " + file + " --key symbol", []string{"--key", "there is one", "--topic"}},
		{"pub --topic a --key symbol", []string{"--key", "made up", "--from"}},
		{"pub --topic a --from " + file + " --key (", []string{"--key", "("}},
		{"pub --merge=", []string{"--merge names no feed", "comma"}},
		{"pub --merge " + file, []string{"--merge " + file, "give two captures"}},
		{"pub --format pcap --split iextp --merge " + file + "," + file,
			[]string{"--merge", "the same feed twice"}},
		{"pub --merge " + file + "," + file + "2 --from " + file,
			[]string{"--merge", "leave --from out"}},
		{"pub --merge " + file + "," + file + "2", []string{"--merge", "--format pcap"}},
		{"pub --lease 199ms", []string{"--lease", "199ms", "outside 200ms to 1m"}},
		{"pub --lease 61s", []string{"--lease", "1m1s", "outside 200ms to 1m"}},
		{"pub --lease 0", []string{"--lease 0", "leave it out"}},
		{"pub --work-time 0", []string{"--work-time 0", "leave it out"}},
		{"pub --work-time 9ms", []string{"--work-time", "outside 10ms to 24h"}},
		{"pub --attempts 0", []string{"--attempts 0", "leave it out"}},
		{"pub --attempts -1", []string{"--attempts", "outside 1 to 65536"}},
		{"pub --team-expiry -1s", []string{"--team-expiry", "negative"}},
		{"pub --no-teams --lease 1s", []string{"--lease", "--no-teams"}},
		{"pub --header x", []string{"--header", `"x" has no name and value`, "source=feed1"}},
		{"pub --header =x", []string{"--header", `"=x" has no name and value`, "source=feed1"}},
		{"pub --header a=1 --header a=2", []string{"--header", `"a" is there twice`}},
		{"pub --header a=" + strings.Repeat("v", 1025), []string{"--header", "1025 bytes", "1024"}},
		{"pub --header " + strings.Repeat("n", 256) + "=1", []string{"--header", "256 bytes", "255"}},
		{"pub " + headers(33), []string{"--header", "33 headers are more than 32"}},
		{"sub --show name", []string{"--show", `"name" is not a field`, "topic, partition"}},
		{"sub --show key --format json", []string{"--show key", "--format lines", "json"}},
		{"sub --topic=", []string{"--topic has no name", "--topic orders"}},
		{"sub --topic " + strings.Repeat("n", 256), []string{"--topic", "256 bytes", "255"}},
		{"sub --topic bell\a", []string{`--topic "bell\a" has a control character`, "U+0007"}},
		{"sub --partition 3", []string{"--partition", "--topic"}},
		{"sub --topic a --partition 256", []string{"--partition 256", "0 to 255"}},
		{"sub --topic a --partition 9-7", []string{"--partition 9-7", "7-9"}},
		{"sub --topic a --partition one", []string{`--partition "one"`, "3,7-9"}},
		{"sub --topic a --partition 1,1", []string{"--partition 1", "twice"}},
		{"sub --topic a* --group 239.1.2.3:77", []string{"--group 239.1.2.3:77", "'a*'"}},
		{"pub --feed 239.1.2.3:77@lo --feed 239.1.2.3:77@lo",
			[]string{"--feed", "239.1.2.3:77@lo", "twice"}},
		{"pub --feed 239.1.2.3:77@lo", []string{"--feed 239.1.2.3:77@lo", "2 to 4"}},
		{"pub --feed 239.1.2.3:77@lo --feed 239.1.2.4:77@lo --group 239.1.2.3:77",
			[]string{"--feed", "leave out --group"}},
		{"sub --feed 239.1.2.3:77@lo", []string{"--feed 239.1.2.3:77@lo", "2 to 4"}},
		{"sub --feed 239.1.2.3:77@lo --feed 239.1.2.3:77@lo",
			[]string{"--feed", "239.1.2.3:77@lo", "twice"}},
		{"sub --feed 239.1.2.3:77@lo --feed 239.1.2.3:77@127.0.0.1",
			[]string{"--feed 239.1.2.3:77@lo", "the same group on the same interface"}},
		{"sub --feed @lo --feed @lo", []string{`--feed "@lo" has no group`, "--topic"}},
		{"sub --topic a --feed @lo --feed @lo", []string{"--feed @lo,@lo", "@lo twice"}},
		{"sub --feed 239.1.2.3:77@lo --feed 239.1.2.4:77@lo --iface lo",
			[]string{"--feed", "leave out --iface"}},
		{"sub --feed 239.1.2.3:77@lo --feed 239.1.2.4:77@nosuch0",
			[]string{"--feed 239.1.2.4:77@nosuch0", "does not exist", "lo"}},
		{"doctor --topic a*", []string{"--topic 'a*' is a pattern"}},

		{"pub --disk 1GiB --disk-dir .", []string{"--disk", "--pace none", "--pace slowest"}},
		{"pub --disk-dir .", []string{"--disk-dir is for --disk", "--disk 1GiB"}},
		{"pub --pace slowest --disk 1GiB", []string{"--disk has no directory", "--disk-dir"}},
		{"pub --pace slowest --disk 1KiB --disk-dir .", []string{"--disk 1KiB", "1MiB or more"}},
		{"pub --pace fastest", []string{"--pace", "fastest", "slowest"}},
		{"pub --pace quorum:0", []string{`--pace "quorum:0" has no number`, "quorum:2"}},
		{"pub --pace quorum:x", []string{`--pace "quorum:x" has no number`, "quorum:2"}},
		{"pub --pace named:", []string{`--pace "named:": the name ""`, "1 to 255 bytes"}},
		{"pub --pace named:a,a", []string{`--pace "named:a,a": the subscriber "a" is named twice`}},
		{"pub --when-full wait", []string{"--when-full", "wait", "block or drop"}},
		{"sub --overload drop", []string{"--overload", "drop", "drop-oldest or drop-newest"}},
		{"sub --overload drop-oldest --order on-arrival",
			[]string{"--overload drop-oldest", "--order on-arrival", "drop-newest"}},
		{"pub --stall-timeout 2s", []string{"--stall-timeout", "--pace none", "--pace slowest"}},
		{"pub --max-burst 64KiB", []string{"--max-burst", "there is none", "--max-rate"}},
		{"pub --max-rate 0", []string{"--max-rate 0", "525kbit to 8Tbit", "leave it out"}},
		{"pub --max-rate 1kbit", []string{"--max-rate 1kbit", "525kbit to 8Tbit"}},
		{"pub --max-rate 100MB", []string{"--max-rate", "100MB", "such as 100Mbit"}},

		{"pub --count many", []string{"--count", "many", "whole number"}},
		{"pub --count -1", []string{"--count", "-1", "whole number"}},
		{"pub --count 0", []string{"--count 0", "leave it out"}},
		{"sub --count 0", []string{"--count 0", "leave it out"}},
		{"sub --count 1.5", []string{"--count", "1.5", "whole number"}},
		{"pub --size -1", []string{"--size", "-1", "is not a size", "such as 64MiB"}},
		{"pub --size 16777217", []string{"--size 16777217", "more than a message may have",
			"16MiB"}},
		{"pub --size 17MiB", []string{"--size 17MiB", "more than a message may have", "16MiB"}},
		{"pub --size big", []string{"--size", "big", "is not a size"}},
		{"pub --rate 0", []string{"--rate 0", "leave it out"}},
		{"pub --rate -5", []string{"--rate -5", "over 0"}},
		{"pub --rate NaN", []string{"--rate NaN", "over 0"}},
		{"pub --rate fast", []string{"--rate", "fast", "not a number", "10k"}},
		{"pub --rate 10m", []string{"--rate", "10m", "not a number", "10k"}},
		{"pub --speed 0", []string{"--speed", "0", "or max"}},
		{"pub --speed never", []string{"--speed", "never", "or max"}},
		{"pub --drop 1.5", []string{"--drop 1.5", "from 0 to 1"}},
		{"sub --drop -0.1", []string{"--drop -0.1", "from 0 to 1"}},
		{"sub --drop NaN", []string{"--drop NaN", "from 0 to 1"}},
		{"sub --impair rubbish", []string{"sub: --impair: link", "rubbish", "no setting"}},
		{"sub --impair delay=-1ms", []string{"sub: --impair: link", "delay=-1ms"}},
		{"sub --drop 1%", []string{"--drop", "1%", "not a number"}},
		{"pub --resend-buffer 64", []string{"--resend-buffer 64", "too small", "16KiB"}},
		{"pub --resend-buffer 0", []string{"--resend-buffer 0", "too small", "16KiB"}},
		{"pub --resend-buffer 64M", []string{"--resend-buffer", "64M", "such as 64MiB"}},
		{"pub --resend-buffer 7999999TiB",
			[]string{"--resend-buffer 7999999TiB", "more memory than this machine has"}},
		{"sub --buffer 1KiB", []string{"--buffer 1KiB", "too small", "64KiB"}},
		{"sub --buffer 7999999TiB", []string{"--buffer 7999999TiB",
			"more memory than this machine has"}},
		{"sub --read-buffer 0", []string{"--read-buffer 0", "1 to 512MiB"}},
		{"pub --read-buffer 1GiB", []string{"--read-buffer 1GiB", "1 to 512MiB"}},
		{"pub --repair-share 0",
			[]string{"--repair-share 0", "more than 0, and up to 10", "such as 0.5"}},
		{"pub --repair-floor 9Tbit", []string{"--repair-floor 9Tbit", "more than 8Tbit"}},
		{"pub --repair-share NaN", []string{"--repair-share NaN", "up to 10"}},
		{"pub --repair-share 11", []string{"--repair-share 11", "up to 10"}},
		{"pub --repair-floor 0", []string{"--repair-floor 0 would", "such as 10Mbit"}},
		{"pub --repair-floor 0bit", []string{"--repair-floor 0", "such as 10Mbit"}},
		{"pub --linger 0s", []string{"--linger 0s", "not a time to go on"}},
		{"pub --batch-wait -1ms", []string{"--batch-wait -1ms", "negative"}},
		{"pub --batch-wait 5", []string{"--batch-wait", "5", "a unit"}},
		{"pub --datagram 10", []string{"--datagram 10", "256 to 65507"}},
		{"pub --resend-buffer 20KiB --datagram 9000",
			[]string{"--resend-buffer", "20480 bytes is too small", "frames of"}},
		{"pub --ttl 0", []string{"--ttl 0", "1 to 255"}},
		{"pub --dscp 64", []string{"--dscp 64", "0 to 63"}},
		{"sub --timeout 0s", []string{"--timeout 0s", "leave it out"}},
		{"sub --timeout -1s", []string{"--timeout -1s", "leave it out"}},
		{"sub --timeout soon", []string{"--timeout", "soon", "a unit"}},
		{"sub --silence 0s", []string{"--silence 0s", "leave it out"}},
		{"sub --max-wait -1s", []string{"--max-wait -1s", "leave it out"}},
		{"sub --name " + strings.Repeat("n", 256), []string{"--name", "256", "255"}},
		{"pub --name " + strings.Repeat("n", 256), []string{"--name", "256", "255"}},

		{"sub --format xml", []string{"--format", "xml", "lines, len or json"}},
		{"pub --from " + file + " --format json",
			[]string{"--format", "json", "lines, timed, len or pcap"}},
		{"pub --from " + file + " --split iextp",
			[]string{"--split iextp", "--format pcap or len"}},
		{"pub --from " + file + " --format len --split fix",
			[]string{"--split", "fix", "iextp or moldudp64"}},
		{"sub --start newest", []string{"--start", "newest", "latest, oldest, offset:N, time:T"}},
		{"sub --start offset:-1", []string{"--start", "-1", "not an offset"}},
		{"sub --start time:soon", []string{"--start", "soon", "RFC 3339", "time:-10m"}},
		{"sub --until latest", []string{"--until", "latest", "offset:N or time:T"}},
		{"sub --start offset:7 --until offset:7", []string{"--until offset:7", "--start offset:7",
			"nothing is between"}},
		{"sub --start resume", []string{"--start resume", "--state"}},
		{"sub --state-sync", []string{"--state-sync", "--state"}},
		{"sub --state=", []string{"--state", "no file"}},
		{"sub --state s --order on-arrival", []string{"--state", "--order on-arrival"}},
		{"sub --state s --recovery off", []string{"--state", "leave out --recovery off"}},
		{"sub --recorders here", []string{"--recorders", "here", "not an address", "192.0.2.7"}},
		{"sub --order random", []string{"--order", "random", "in-order or on-arrival"}},
		{"sub --recovery maybe", []string{"--recovery", "maybe", "on or off"}},
		{"pub --offload maybe", []string{"--offload", "maybe", "on or off"}},

		{"pub --from=", []string{"--from", "- for standard input"}},
		{"pub --from " + file + " --size 10", []string{"--from", "--size", "one or the other"}},
		{"pub --from " + file + " --market", []string{"--from", "--market", "one or the other"}},
		{"pub --from " + file + " --seed 3", []string{"--from", "--seed", "one or the other"}},
		{"pub --format lines", []string{"--format", "--from"}},
		{"pub --split iextp", []string{"--split", "--from"}},
		{"pub --market --size 10", []string{"--market", "--size"}},
		{"pub --rate 10 --speed 2", []string{"--rate and --speed", "one of them"}},
		{"pub --speed 20", []string{"--speed 20", "recorded times", "--rate"}},
		{"pub --from " + file + " --speed 20",
			[]string{"--speed 20", "recorded times", "--format timed"}},
		{"sub --drop-seed 7", []string{"--drop-seed", "--drop"}},
		{"sub --start oldest --recovery off", []string{"--start oldest", "--recovery off"}},
		{"sub --format len --summary -", []string{"--summary -", "--format len", "file"}},
		{"pub --from " + file + " --summary " + file,
			[]string{"--from and --summary", file, "of its own"}},
		{"pub --from " + file + " --accepted " + file,
			[]string{"--accepted and --from", file, "of its own"}},
		{"pub --accepted " + file + "2 --summary " + file + "2",
			[]string{"--accepted and --summary", file + "2", "of its own"}},

		{"pub --colour red", []string{"no flag --colour", "crier help pub"}},
		{"sub --gruop 239.77.0.1:7700", []string{"no flag --gruop", "did you mean --group?",
			"crier help sub"}},
		{"sub -z", []string{"no flag -z", "crier help sub"}},
		{"sub --group", []string{"--group needs a value"}},
		{"sub --until-end=perhaps", []string{"--until-end", "true or false"}},
		{"sub 239.77.0.1:7700", []string{"no argument", "239.77.0.1:7700", "crier help sub"}},
		{"help pub sub", []string{"one command"}},
		{"help sun", []string{"no command \"sun\"", "did you mean sub?"}},
		{"sim rnu", []string{"no command \"rnu\"", "did you mean run?", "list, show, run, sweep"}},
		{"help nothing", []string{"nothing", "demo, pub, sub"}},
		{"record", []string{"--dir is missing"}},
		{"record --dir /none/x", []string{"--dir /none/x", "no directory /none", "make it first"}},
		{"record --dir x --keep 10KiB", []string{"--keep 10KiB", "one segment, 1MiB", "--segment"}},
		{"record --dir x --keep 1MiB --segment 2MiB", []string{"--keep 1MiB", "one segment, 2MiB"}},
		{"record --dir x --keep much", []string{"--keep", "much", "10GiB, 24h"}},
		{"record --dir x --fsync often", []string{"--fsync", "often", "each, interval:50ms or none"}},
		{"record --dir x --serve-rate 1KiB", []string{"--serve-rate 1KiB", "64KiB"}},
		{"record --dir x --tail 1MiB", []string{"--tail 1MiB", "2MiB"}},
		{"record --dir x --source here", []string{"--source \"here\"", "not an address"}},
	} {
		wantRefusal(t, start(t, nil, strings.Fields(c.args)...), cli.ExitUsage, c.parts...)
	}
	for _, c := range []struct{ args, part string }{{"publish", "demo, pub, sub"},
		{"sbu", "there is no command \"sbu\" (did you mean sub?); the commands are demo, pub"},
		{"", "crier demo"}} {
		r := start(t, nil, strings.Fields(c.args)...)
		if <-r.ended; r.exit != cli.ExitUsage || !strings.Contains(r.err.String(), c.part) {
			t.Errorf("crier %s: %d, %s", c.args, r.exit, r.err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "a\nb\n" {
		t.Errorf("the feed is now %q, %v", b, err)
	}
}

// headers returns so many --header flags.
func headers(n int) string {
	var words []string
	for i := range n {
		words = append(words, fmt.Sprintf("--header h%d=1", i))
	}
	return strings.Join(words, " ")
}

// What is wrong with the world around: exit code 1, and a sentence that names it.
func TestRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	empty := feedtest.File(t, "empty", "")
	whole := feedtest.Zipped(strings.Repeat("line\n", 5000))
	cut := feedtest.File(t, "cut.gz", whole[:len(whole)-10])
	cutLen := feedtest.File(t, "cut.len", "\x00\x00\x00\x03abc\x00\x00\x00\x09abc")
	giant := feedtest.File(t, "giant", "first\n"+strings.Repeat("x", feed.MaxMessage+1)+"\nlast\n")
	large := feedtest.File(t, "large", "first\n"+strings.Repeat("x", 100000)+"\nlast\n")
	group := testGroup(t)
	for _, c := range []struct {
		args  []string
		parts []string
	}{
		{on(group, "pub", "--from", missing),
			[]string{missing, "no such file", "- for standard input"}},
		{on(group, "pub", "--from", dir), []string{dir, "directory", "name a file"}},
		{on(group, "pub", "--from", empty), []string{empty, "empty"}},
		{on(group, "pub", "--from", cut, "--rate", "1e9"),
			[]string{cut, "cut off", "again", "messages were published"}},
		{on(group, "pub", "--from", cutLen, "--format", "len"),
			[]string{cutLen, "message 2", "whole", "1 message was published"}},
		{on(group, "pub", "--from", giant),
			[]string{giant, "line 2", "16 MiB", "1 message was published"}},
		{on(group, "pub", "--from", large, "--resend-buffer", "64KiB"),
			[]string{large, "line 2", "100000 bytes", "the resend buffer", "--resend-buffer",
				"1 message was published"}},
		{on(group, "pub", "--size", "100000", "--count", "3", "--resend-buffer", "64KiB"),
			[]string{"100000 bytes", "the resend buffer", "--resend-buffer",
				"nothing was published"}},
		{on(group, "pub", "--count", "1", "--summary", dir),
			[]string{"--summary", dir, "directory", "name a file"}},
		{on(group, "sub", "--count", "1", "--summary", missing+"/x"),
			[]string{"--summary", missing, "no such file", "name a file"}},
		{on(group, "sub", "--state", missing+"/x"),
			[]string{"no folder", missing, "state file", "make it"}},
		{on(group, "sub", "--state", dir), []string{"state file", dir, "read", "directory"}},
		{on(group, "sub", "--state", large), []string{"state file", large, "torn or damaged"}},
		{on(group, "pub", "--count", "1", "--accepted", missing+"/x"),
			[]string{"--accepted", missing, "no such file", "name a file"}},
	} {
		t.Run(strings.Join(c.args[5:], " "), func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, start(t, nil, c.args...), cli.ExitError, c.parts...)
		})
	}
}

// Messages before the one that can't be read are published, and the summary
// says how many; nothing of the bad one is.
func TestHalfReadFeed(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", "--until-end")...).listening()
	in := strings.NewReader("\x00\x00\x00\x03one\x00\x00\x00\x03two\x00\x00\x00\x09thr")
	pub := start(t, in, on(group, "pub", "--from", "-", "--format", "len", "--summary",
		"-")...).wait(cli.ExitError)
	sub.wait(cli.ExitOK)
	if got := sub.out.String(); got != "one\ntwo\n" {
		t.Errorf("published %q", got)
	}
	if p := decodeSummary[pubSummary](t, pub.out.bytes()); p.Counters.N("accepted") != 2 {
		t.Errorf("%+v", p)
	}
	if words := pub.err.String(); !strings.Contains(words,
		"standard input: it ends at byte 21, within message 3") ||
		!strings.Contains(words, "2 messages were published") {
		t.Error(words)
	}
}

// A port that another program holds for itself alone can't be listened to. Those
// that share it, as subscribers do, can.
func TestPortInUse(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	_, port, err := net.SplitHostPort(group[1])
	if err != nil {
		t.Fatal(err)
	}
	other, err := net.ListenPacket("udp4", "0.0.0.0:"+port) // without SO_REUSEADDR
	if err != nil {
		t.Skip(err)
	}
	defer other.Close()
	wantRefusal(t, start(t, nil, on(group, "sub", "--timeout", "1s")...), cli.ExitError, group[1],
		"another program holds that port", "choose another")
}

// A disk without room, for each file that is written.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("there is no", full)
	}
	group := testGroup(t)
	for _, c := range []struct {
		args  []string
		parts []string
	}{
		{on(group, "pub", "--count", "1", "--summary", full),
			[]string{"summary", full, "no space left", "make room"}},
		{on(group, "sub", "--timeout", "1ms", "--summary", full),
			[]string{"summary", full, "no space left", "make room"}},
		{on(group, "pub", "--count", "1", "--accepted", full),
			[]string{"--accepted", full, "room"}},
	} {
		wantRefusal(t, start(t, nil, c.args...), cli.ExitError, c.parts...)
	}
	out, err := os.OpenFile(full, os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer out.Close()
	for _, args := range [][]string{{"help"}, {"help", "sub"}, {"version"},
		on(group, "pub", "--count", "1", "--summary", "-")} {
		r := startInto(t, out, nil, args...)
		if r.wait(cli.ExitError); !strings.Contains(r.err.String(), "standard output") ||
			!strings.Contains(r.err.String(), "no space left") {
			t.Errorf("crier %q: %s", args, r.err)
		}
	}
	// A subscriber ends by itself when it can't print.
	group = testGroup(t)
	sub := startInto(t, out, nil, on(group, "sub")...).listening()
	start(t, strings.NewReader("1\n"), on(group, "pub", "--from", "-")...)
	if sub.wait(cli.ExitError); !strings.Contains(sub.err.String(),
		"crier sub: standard output can't be written (no space left on device): make room") {
		t.Error(sub.err)
	}
}
