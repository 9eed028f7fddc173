package feed

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// mergeAddresses parses the names of two destinations, if they are such.
func mergeAddresses(names []string) (list []netip.AddrPort, ok bool) {
	for _, name := range names {
		to, err := netip.ParseAddrPort(name)
		if err != nil {
			return nil, false
		}
		list = append(list, netip.AddrPortFrom(to.Addr().Unmap().WithZone(""), to.Port()))
	}
	return list, len(list) > 0
}

// portless reports whether a name is an address without a port.
func portless(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		_, err := netip.ParseAddr(name)
		return err == nil
	})
}

// validateMerge returns an error about Merge.
func (o Options) validateMerge() error {
	if len(o.Merge) == 0 {
		return nil
	}
	all := strings.Join(o.Merge, ",")
	if len(o.Merge) != mergeFeeds {
		return fmt.Errorf("--merge %s names %d feeds: give two captures, or two destinations such "+
			"as 239.1.1.1:5000 of one, with a comma between them", all, len(o.Merge))
	}
	_, first := mergeAddresses(o.Merge[:1])
	_, second := mergeAddresses(o.Merge[1:])
	switch {
	case o.Merge[0] == "" || o.Merge[1] == "":
		return fmt.Errorf("--merge %s names one feed: give two, with a comma between them", all)
	case o.Merge[0] == o.Merge[1]:
		return fmt.Errorf("--merge %s names the same feed twice: give both feeds of the source",
			all)
	case first != second:
		return fmt.Errorf("--merge %s mixes a capture and a destination: give two captures, or "+
			"two destinations of the capture of --from", all)
	case first && o.From == "":
		return fmt.Errorf("--merge %s picks two feeds out of a capture: name it with --from", all)
	case !first && o.From != "" && portless(o.Merge):
		return fmt.Errorf("--merge %s has an address without a port: give both such as "+
			"239.1.1.1:5000", all)
	case !first && o.From != "":
		return fmt.Errorf("--merge %s names captures, and so does --from %s: leave --from out", all,
			o.From)
	case o.Format != "pcap":
		return fmt.Errorf("--merge %s takes feeds out of captures: use it with --format pcap", all)
	case o.Split == "":
		return fmt.Errorf("--merge %s goes by the source's own numbers: name its framing with "+
			"--split iextp or moldudp64", all)
	case first && len(o.Only) > 0:
		return fmt.Errorf("--merge %s names the destinations, and so does --only %s: leave --only "+
			"out", all, o.Only[0])
	}
	return nil
}

// openMerge opens the captures of a merge.
func openMerge(opts Options, stdin io.Reader) (*merger, error) {
	m := &merger{}
	m.joined.mold = opts.Split == "moldudp64"
	one := opts
	one.Merge, one.Key, one.Tell, one.MaxGap = nil, "", nil, 0
	addresses, ok := mergeAddresses(opts.Merge)
	for i, name := range opts.Merge {
		m.feeds[i] = mergeFeed{name: name, split: newSplitter(opts.Split)}
		if ok {
			m.feeds[i].to = addresses[i]
		} else {
			one.From = name
		}
		if ok && i > 0 {
			continue
		}
		if ok {
			one.Only, one.onlyFlag = opts.Merge, "--merge"
		}
		one.Split = "" // the merger splits
		in, err := Open(one, stdin)
		if err != nil {
			m.close()
			return nil, err
		}
		m.inputs = append(m.inputs, in)
	}
	return m, nil
}
