package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
)

// What a shell gets for a command line whose last word is not finished.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string // "_" stands for nothing
		want string // words, and the directive
	}{
		{"be", "bench :4"},
		{"su", "sub :4"},
		{"sim _", "list show run sweep :4"},
		{"help sim r", "run :4"},
		{"help sub _", ":4"},
		{"completion _", "bash zsh fish powershell :4"},
		{"sim run overload-d", "overload-drop overload-drop-oldest overload-disk :4"},
		{"sim run --seed 7 cr", "crash crybaby crash-recorder crash-bare crash-peers crash-1000 :4"},
		{"sim run clean cr", ":4"},
		{"sim run ./", "yaml :8"},
		{"sim sweep st", "storm starlink :4"},
		{"sim show imp", "implosion :4"},
		{"sim sweep --map nacks", "nacks-p50 nacks-p95 :4"},
		{"sim run --pcap x", "pcapng :8"},
		{"sim run --trace-dir _", ":16"},
		{"demo o", "overload :4"},
		{"demo t", "team :4"},
		{"demo --net _", "sim lo :4"},
		{"demo --share _", "partition message :4"},
		{"pub --pace q", "quorum: :6"},
		{"pub --pace=s", "slowest :4"},
		{"pub --when-full _", "block drop :4"},
		{"pub --format _", "lines timed len pcap :4"},
		{"pub --split _", "iextp moldudp64 :4"},
		{"pub --from x", ":0"},
		{"pub --disk-dir _", ":16"},
		{"pub --rate _", ":4"},
		{"pub --offload _", "on off :4"},
		{"pub --when", "--when-full :4"},
		{"sub --format _", "lines len json :4"},
		{"sub --start _", "latest oldest resume resume:oldest offset: time: :4"},
		{"sub --start o", "oldest offset: :4"},
		{"sub --until t", "time: :6"},
		{"sub --state x", ":0"},
		{"sub --order _", "in-order on-arrival :4"},
		{"sub --overload drop", "drop-oldest drop-newest :4"},
		{"sub --recovery _", "on off :4"},
		{"sub --group _", "239.77.0.1:7700 :4"},
		{"sub --summary _", "json :8"},
		{"sub x", ":4"},
		{"decode --kind data,re", "data,repair :4"},
		{"decode x", "pcap pcapng cap gz :8"},
		{"doctor ec", "echo :4"},
		{"bench throughput --net _", "lo netns :4"},
		{"bench latency --wait block,s", "block,spin block,spin-both :4"},
		{"bench limits --wait s", "spin :4"},
		{"bench overload --overload drop-oldest,b", "drop-oldest,buffer drop-oldest,block :4"},
	} {
		words := strings.Fields(c.args)
		if last := len(words) - 1; words[last] == "_" {
			words[last] = ""
		}
		got := start(t, nil, append([]string{"__completeNoDesc"}, words...)...).wait(cli.ExitOK)
		if text := strings.Join(strings.Fields(got.out.String()), " "); text != c.want {
			t.Errorf("crier %s: %s, want %s", c.args, text, c.want)
		}
	}
	for _, args := range []string{"sub", "pub", "bench throughput", "bench serve"} {
		words := append([]string{"__completeNoDesc"}, strings.Fields(args+" --iface")...)
		words = append(words, "")
		got := start(t, nil, words...).wait(cli.ExitOK).out.String()
		if !slices.Contains(strings.Fields(got), "lo") {
			t.Errorf("crier %s --iface: %q", args, got)
		}
	}
	// Descriptions have no marks of the help in them.
	if got := start(t, nil, "__complete", "sub", "--gr").wait(cli.ExitOK).out.String(); !strings.
		HasPrefix(got, "--group\tmulticast ADDRESS:PORT to listen to") {
		t.Error(got)
	}
}

// Each flag whose value is one of some words, an interface, a file or a directory has an offer
// that isn't empty: for a flag without one, the shell gets the directive 4 and no word.
func TestFlagsWithValuesComplete(t *testing.T) {
	t.Parallel()
	for _, c := range allCommands() {
		for _, name := range []string{"iface", "format", "net", "json", "html", "summary",
			"disk-dir", "overload", "split", "wait", "offload", "feed", "pcap", "compare"} {
			flag := c.Flags().Lookup(name)
			if flag == nil || flag.Value.Type() == "bool" {
				continue
			}
			words := append(append([]string{"__completeNoDesc"}, strings.Fields(c.Name)...),
				"--"+name, "")
			if flag.NoOptDefVal != "" {
				words = append(words[:len(words)-2], "--"+name+"=")
			}
			got := start(t, nil, words...).wait(cli.ExitOK).out.String()
			if got == ":4\n" {
				t.Errorf("crier %s --%s offers nothing", c.Name, name)
			}
		}
	}
}

// The scripts are scripts of their shells, and complete a command line in them. (PowerShell is
// found nowhere, and knows no check without running.)
func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	power := start(t, nil, "completion", "powershell").wait(cli.ExitOK).out.String()
	if !strings.Contains(power, "Register-ArgumentCompleter -CommandName 'crier'") {
		t.Error(power)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "crier")); err != nil {
		t.Skip(err)
	}
	for shell, complete := range map[string]string{
		// Without the package bash-completion the script lacks this function.
		"bash": `source "$0"
declare -F _get_comp_words_by_ref >/dev/null || _get_comp_words_by_ref() {
  cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
}
COMP_WORDS=(crier sub --format "") COMP_CWORD=3 COMP_LINE="crier sub --format " COMP_POINT=19
__start_crier
printf '%s\n' "${COMPREPLY[@]}"`,
		"zsh":  "",
		"fish": `source $script; complete -C "crier sub --format "`,
	} {
		script := filepath.Join(dir, "script."+shell)
		text := start(t, nil, "completion", shell).wait(cli.ExitOK).out.bytes()
		if err := os.WriteFile(script, text, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skip(err)
			}
			if out, err := exec.Command(shell, "-n", script).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if complete == "" {
				return
			}
			cmd := exec.Command(shell, "-c", complete, script)
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "script="+script)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, word := range []string{"lines", "len", "json"} {
				if !slices.Contains(strings.Fields(string(out)), word) {
					t.Errorf("%s isn't among %s", word, out)
				}
			}
		})
	}
}
