package sim

import (
	"slices"
	"strings"

	"crier/cmd/crier/cli"
	"crier/testnet/scenario"
)

// axis is one value that is varied.
type axis struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// parseAxis reads KEY=V1,V2,...
func parseAxis(text string) (axis, error) {
	key, values, ok := strings.Cut(text, "=")
	if !ok || key == "" || values == "" {
		return axis{},
			cli.Usagef("--vary %q: write KEY=V1,V2,..., such as subscribers.count=1,10,100", text)
	}
	a := axis{Key: key, Values: strings.Split(values, ",")}
	for _, v := range a.Values {
		if v == "" {
			return a, cli.Usagef("--vary %q has an empty value", text)
		}
	}
	return a, nil
}

// plan lists the combinations, and checks each.
func (o *sweepOptions) plan() (*sweep, error) {
	if o.seeds < 1 || o.seeds > seeds {
		return nil, cli.Usagef("--seeds %d is outside 1 to %d", o.seeds, seeds)
	}
	if o.workers < 1 {
		return nil, cli.Usagef("--workers %d: at least one run at a time", o.workers)
	}
	if !slices.Contains(metricNames(), o.metric) {
		return nil, cli.Usagef("--map %q is not known; there are %s", o.metric,
			strings.Join(metricNames(), ", "))
	}
	if o.mapped && len(o.vary) != 2 {
		return nil, cli.Usagef("--map is of two --vary, and there are %d", len(o.vary))
	}
	text, err := o.source.text(o.name)
	if err != nil {
		return nil, err
	}
	s := &sweep{Scenario: o.name, First: o.first, Seeds: o.seeds, Metrics: metricNames(),
		Axes: []axis{}}
	s.Cells = []*cell{{Values: []string{}, text: text}}
	for _, v := range o.vary {
		a, err := parseAxis(v)
		if err != nil {
			return nil, err
		}
		s.Axes = append(s.Axes, a)
		var cells []*cell
		for _, c := range s.Cells {
			for _, value := range a.Values {
				text, err := scenario.Vary(c.text, a.Key, value)
				if err != nil {
					return nil, cli.Usagef("--vary %s=%s: %w", a.Key, value, err)
				}
				cells = append(cells, &cell{Values: append(slices.Clone(c.Values), value),
					text: text})
			}
		}
		if s.Cells = cells; len(cells) > maxCells {
			return nil, cli.Usagef("%d combinations are too many: %d are the limit",
				len(cells), maxCells)
		}
	}
	for _, c := range s.Cells {
		c.Broken, c.runs = []uint64{}, make([][]*float64, o.seeds)
		if _, err := scenario.Parse(o.name+" with "+strings.Join(c.Values, ", "),
			c.text); err != nil {
			return nil, cli.Usage(err)
		}
	}
	return s, nil
}
