package reliable

// Continue selects whether a publisher goes on with the offsets of its stream's last session.
type Continue uint8

// The ways to begin a session, which package publisher documents.
const (
	ContinueNever Continue = iota
	ContinueAlways
	ContinueOrNew
)

var continues = choices{"never", "always", "or-new"}

// String returns never, always or or-new.
func (c Continue) String() string { return continues.text(uint8(c)) }

// MarshalText returns the same text as String.
func (c Continue) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText parses the text that String returns.
func (c *Continue) UnmarshalText(text []byte) error {
	n, err := continues.value(text, "a way to begin a session")
	*c = Continue(n)
	return err
}
