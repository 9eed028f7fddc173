package frame

import (
	"testing"

	"crier/nack"
)

// benchKey and benchHeaders are a key of 8 bytes and one header, which take 30 bytes.
var (
	benchKey     = []byte("order-47")
	benchHeaders = []MessageHeader{{"span", []byte("0af76519")}}
)

// benchFrames returns the most frequent frames: DATA with 20 messages of 64 bytes, DATA with 14 of
// 64 bytes and properties, and with 14 as long without, DATA with one part of a long message,
// REPAIR, HEARTBEAT, NACK; and those of teams, a GRANT and a CLAIM.
func benchFrames() map[string][]byte {
	var b Builder
	var e Encoder
	b.Open(make([]byte, 0, DataSize(1472)), 1, 0, 2, 3, 4)
	for range 20 {
		b.Add(make([]byte, 64))
	}
	small := b.Seal(false)
	p, err := AppendProperties(nil, benchKey, benchHeaders)
	if err != nil {
		panic(err)
	}
	b.Open(make([]byte, 0, DataSize(1472)), 1, 0, 2, 3, 4)
	for range 14 {
		b.AddWith(p, make([]byte, 64))
	}
	keyed := b.Seal(false)
	b.Open(make([]byte, 0, DataSize(1472)), 1, 0, 2, 3, 4)
	for range 14 {
		b.Add(make([]byte, 64+1+len(p)))
	}
	plain := b.Seal(false)
	b.Open(make([]byte, 0, DataSize(1472)), 1, 0, 2, 3, 4)
	b.Start(make([]byte, 1<<20))
	large := b.Seal(true)
	ranges := make([]nack.Range, 50)
	for i := range ranges {
		ranges[i] = nack.Range{From: uint64(1000 * i), To: uint64(1000*i + 3)}
	}
	grant := &Frame{Kind: Grant, Grant: &GrantBody{Stamp: 1, Team: []byte("hedge"),
		Share: ByMessage, Passed: []ChannelOffset{{0, 5, 17}}}}
	for i := range uint64(8) {
		grant.Grant.Entries = append(grant.Grant.Entries, GrantEntry{Epoch: 1<<40 + i, Seq: 1000,
			From: 4000 + i, To: 4001 + i, Attempt: 1})
	}
	return map[string][]byte{
		"grant8": e.Append(nil, grant), "claim16": e.Append(nil, claimOf(16, 2, 0, 0)),
		"data20x64": small,
		"data14x94": plain, "data14keyed": keyed,
		"data1345":  large,
		"repair":    e.AppendRepair(nil, 1, 0, 2, 3, small),
		"heartbeat": e.Append(nil, &Frame{Kind: Heartbeat}),
		"nack50":    e.Append(nil, &Frame{Kind: Nack, Ranges: ranges}),
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"data20x64", "data14x94", "data14keyed", "data1345",
		"repair", "heartbeat", "nack50", "grant8", "claim16"} {
		packet := benchFrames()[name]
		b.Run(name, func(b *testing.B) {
			var d Decoder
			var f Frame
			b.SetBytes(int64(len(packet)))
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Decode(packet, &f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, name := range []string{"repair", "heartbeat", "nack50"} {
		packet := benchFrames()[name]
		f := decode(b, packet)
		b.Run(name, func(b *testing.B) {
			var e Encoder
			buf := make([]byte, 0, 2000)
			b.SetBytes(int64(len(packet)))
			b.ReportAllocs()
			for b.Loop() {
				if f.Kind == Repair {
					buf = e.AppendRepair(buf[:0], 1, 0, 2, 3, f.Inner)
				} else {
					buf = e.Append(buf[:0], f)
				}
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	message := make([]byte, 64)
	b.Run("data20x64", func(b *testing.B) {
		var build Builder
		buf := make([]byte, 0, DataSize(1472))
		b.SetBytes(20 * 64)
		b.ReportAllocs()
		for b.Loop() {
			build.Open(buf, 1, 0, 2, 3, 4)
			for range 20 {
				build.Add(message)
			}
			build.Seal(false)
		}
	})
	b.Run("data14x94", func(b *testing.B) {
		var build Builder
		buf, message := make([]byte, 0, DataSize(1472)), make([]byte, 94)
		b.ReportAllocs()
		for b.Loop() {
			build.Open(buf, 1, 0, 2, 3, 4)
			for range 14 {
				build.Add(message)
			}
			build.Seal(false)
		}
	})
	b.Run("data14keyed", func(b *testing.B) {
		var build Builder
		buf := make([]byte, 0, DataSize(1472))
		b.ReportAllocs()
		for b.Loop() {
			build.Open(buf, 1, 0, 2, 3, 4)
			for range 14 {
				if ok, err := build.AddMessage(benchKey, benchHeaders, message); !ok || err != nil {
					b.Fatal(err)
				}
			}
			build.Seal(false)
		}
	})
	b.Run("data1345", func(b *testing.B) {
		long := make([]byte, 1<<20)
		var build Builder
		buf := make([]byte, 0, DataSize(1472))
		b.SetBytes(1337)
		b.ReportAllocs()
		for b.Loop() {
			build.Open(buf, 1, 0, 2, 3, 4)
			build.Start(long)
			build.Seal(true)
		}
	})
}
