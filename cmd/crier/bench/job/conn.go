package job

import (
	"encoding/json"
	"io"
)

// Conn writes and reads messages.
type Conn struct {
	enc *json.Encoder
	dec *json.Decoder
}

// NewConn reads from r and writes to w.
func NewConn(r io.Reader, w io.Writer) *Conn {
	return &Conn{json.NewEncoder(w), json.NewDecoder(r)}
}

// Say sends a message.
func (l *Conn) Say(m *Message) error { return l.enc.Encode(m) }

// Hear waits for a message.
func (l *Conn) Hear() (*Message, error) {
	m := new(Message)
	if err := l.dec.Decode(m); err != nil {
		return nil, err
	}
	return m, nil
}
