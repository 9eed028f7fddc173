package checker

import "slices"

// An index finds places by their keys. Unlike a map's its order is that of the keys.
type index[K any] struct {
	keys   []K
	places []int
}

// find returns the place of a key, and false if there is none.
func (x *index[K]) find(key K, compare func(a, b K) int) (int, bool) {
	i, ok := slices.BinarySearchFunc(x.keys, key, compare)
	if !ok {
		return 0, false
	}
	return x.places[i], true
}

// add gives a key that has none a place.
func (x *index[K]) add(key K, compare func(a, b K) int, place int) {
	i, _ := slices.BinarySearchFunc(x.keys, key, compare)
	x.keys, x.places = slices.Insert(x.keys, i, key), slices.Insert(x.places, i, place)
}
