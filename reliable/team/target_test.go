package team

import (
	"fmt"
	"slices"
	"testing"

	"crier/nack"
)

// named returns candidates with the given weights, by name.
func named(weights map[string]uint32, order []string) (list []candidate) {
	for _, name := range order {
		list = append(list, candidate{name: name, weight: weights[name]})
	}
	return list
}

// owners returns the owners' names, by partition.
func owners(partitions int, list []candidate) (names []string) {
	list = slices.Clone(list)
	for _, i := range new(scores).target(make([]int, partitions), list) {
		names = append(names, list[i].name)
	}
	return names
}

func members(prefix string, n int) (list []candidate) {
	for i := range n {
		list = append(list, candidate{name: fmt.Sprint(prefix, i), weight: 1})
	}
	return list
}

func moved(a, b []string) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

func TestTargetIsExact(t *testing.T) {
	rand := nack.NewRand(1, 1)
	for round := range 400 {
		partitions, n := 1+int(rand.Below(256)), 1+int(rand.Below(40))
		list := members(fmt.Sprint("team ", round, "-"), n)
		sum := uint64(0)
		for i := range list {
			list[i].weight = 1 + uint32(rand.Below(uint64(1+round%5)))
			sum += uint64(list[i].weight)
		}
		has := map[string]uint64{}
		for _, name := range owners(partitions, list) {
			has[name]++
		}
		for _, c := range list {
			part := uint64(partitions) * uint64(c.weight)
			if low, high := part/sum, (part+sum-1)/sum; has[c.name] < low || has[c.name] > high {
				t.Fatalf("round %d: %q of weight %d of %d has %d of %d partitions", round, c.name,
					c.weight, sum, has[c.name], partitions)
			}
		}
	}
}

func TestTargetKnowsNoOrder(t *testing.T) {
	rand := nack.NewRand(2, 1)
	list := members("m", 17)
	list[3].weight, list[5].weight = 4, 2
	want := owners(100, list)
	for range 20 {
		for i := range list {
			j := rand.Below(uint64(i) + 1)
			list[i], list[j] = list[j], list[i]
		}
		if got := owners(100, list); !slices.Equal(got, want) {
			t.Fatalf("in another order: %v, not %v", got, want)
		}
	}
}

// TestTargetMoves holds the number of partitions that move when a ninth member joins to that of
// the design: at most 14 of 64, 10.8 in the mean, where 7 are possible.
func TestTargetMoves(t *testing.T) {
	const teams = 200
	sum, most := 0, 0
	for i := range teams {
		list := members(fmt.Sprint("risk", i, "-"), 9)
		n := moved(owners(64, list[:8]), owners(64, list))
		sum, most = sum+n, max(most, n)
	}
	if mean := float64(sum) / teams; mean > 11 || most > 15 {
		t.Errorf("%.1f partitions move in the mean, %d at most", mean, most)
	} else {
		t.Logf("%.1f partitions move in the mean, %d at most", mean, most)
	}
}

// TestTargetStays holds the answer itself, which publishers of other versions must share.
func TestTargetStays(t *testing.T) {
	list := named(map[string]uint32{"ada": 1, "bob": 2, "cy": 1}, []string{"bob", "cy", "ada"})
	got := fmt.Sprint(owners(8, list))
	if want := "[bob bob cy bob ada ada cy bob]"; got != want {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestTargetOfNobody(t *testing.T) {
	if of := new(scores).target(make([]int, 3), nil); !slices.Equal(of, []int{-1, -1, -1}) {
		t.Errorf("%v", of)
	}
}

func BenchmarkTarget(b *testing.B) {
	list, of := members("m", 256), make([]int, 256)
	for b.Loop() {
		new(scores).target(of, list)
	}
}
