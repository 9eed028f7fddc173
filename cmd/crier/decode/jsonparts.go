package decode

import (
	"fmt"

	"crier/nack"
	"crier/reliable/frame"
)

// linkJSON is the session that another one continues.
type linkJSON struct {
	Session   string `json:"session"`
	Channel   uint32 `json:"channel"`
	Sequence  uint64 `json:"sequence"`
	Offset    uint64 `json:"offset"`
	Topic     string `json:"topic,omitempty"`
	Publisher string `json:"publisher,omitempty"`
	Key       string `json:"key,omitempty"`
}

// progressJSON is a subscriber's place in a channel; Written and Synced are a recorder's.
type progressJSON struct {
	Channel  uint32  `json:"channel"`
	Position uint64  `json:"position"`
	Written  *uint64 `json:"written,omitempty"`
	Synced   *uint64 `json:"synced,omitempty"`
}

// positionsJSON lists the positions of a STATUS in further channels.
func positionsJSON(f *frame.Frame) []progressJSON {
	list := make([]progressJSON, len(f.Positions))
	for i := range f.Positions {
		p := &f.Positions[i]
		list[i] = progressJSON{Channel: p.Channel, Position: p.Position}
		if f.Recorder {
			list[i].Written, list[i].Synced = &p.Written, &p.Synced
		}
	}
	return list
}

// rangeJSON is a range of sequence numbers; To is exclusive.
type rangeJSON struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

func rangesJSON(ranges []nack.Range) []rangeJSON {
	list := make([]rangeJSON, len(ranges))
	for i, r := range ranges {
		list[i] = rangeJSON{r.From, r.To}
	}
	return list
}

// chunkJSON is a chunk of DATA. Length is that of a whole message that starts here and is
// unfinished, Skip the messages that a skip stands for. Key and values of headers are in hex.
type chunkJSON struct {
	Offset  uint64       `json:"offset"`
	Size    *int         `json:"size,omitempty"`
	Length  uint32       `json:"length,omitempty"`
	Skip    uint64       `json:"skip,omitempty"`
	Key     string       `json:"key,omitempty"`
	Headers []headerJSON `json:"headers,omitempty"`
	Payload *string      `json:"payload,omitempty"`
}

type headerJSON struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func chunksJSON(f *frame.Frame, payload bool) []chunkJSON {
	list := make([]chunkJSON, len(f.Chunks))
	offset := f.Offset
	for i, c := range f.Chunks {
		list[i] = chunkJSON{Offset: offset, Length: c.Total, Skip: c.Skip}
		if c.Skip != 0 {
			offset += c.Skip
			continue
		}
		offset++
		size := len(c.Data)
		list[i].Size = &size
		list[i].Key = fmt.Sprintf("%x", c.Properties.Key())
		for name, value := range c.Properties.Headers() {
			list[i].Headers = append(list[i].Headers,
				headerJSON{string(name), fmt.Sprintf("%x", value)})
		}
		if payload {
			text := fmt.Sprintf("%x", c.Data)
			list[i].Payload = &text
		}
	}
	return list
}
