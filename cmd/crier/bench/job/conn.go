package job

import (
	"encoding/json"
	"io"
	"sync"
)

// Conn writes and reads messages.
type Conn struct {
	mu  sync.Mutex // of enc
	enc *json.Encoder
	dec *json.Decoder
}

// NewConn reads from r and writes to w.
func NewConn(r io.Reader, w io.Writer) *Conn {
	return &Conn{enc: json.NewEncoder(w), dec: json.NewDecoder(r)}
}

// Say sends a message. It is safe for concurrent use.
func (l *Conn) Say(m *Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.enc.Encode(m)
}

// Hear waits for a message.
func (l *Conn) Hear() (*Message, error) {
	m := new(Message)
	if err := l.dec.Decode(m); err != nil {
		return nil, err
	}
	return m, nil
}
