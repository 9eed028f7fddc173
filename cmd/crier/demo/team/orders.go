package team

import (
	"fmt"
	"math/rand/v2"
	"time"

	"crier/reliable/topic"
)

// order is a message: the key is its customer.
type order struct {
	customer string
	at       time.Duration
}

// line returns an order as it is published.
func (o order) line(number int) string {
	return fmt.Sprintf(`{"order":%d,"customer":%q}`, number, o.customer)
}

// makeOrders makes up orders at a steady rate, as many of each partition.
func makeOrders(r *rand.Rand, count int) []order {
	of := make([][]string, partitions)
	for i, n := 0, 0; n < customers; i++ {
		name := fmt.Sprintf("customer%d", i)
		p := topic.Partition([]byte(name), partitions)
		if len(of[p]) < customers/partitions {
			of[p] = append(of[p], name)
			n++
		}
	}
	list := make([]order, count)
	var turn []int
	for i := range list {
		if len(turn) == 0 {
			turn = r.Perm(partitions)
		}
		of := of[turn[0]]
		turn = turn[1:]
		list[i] = order{of[r.IntN(len(of))], time.Duration(i) * time.Second / rate}
	}
	return list
}
