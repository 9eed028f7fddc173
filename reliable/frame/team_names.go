package frame

import "fmt"

var shareNames = [...]string{Watch: "watch", ByPartition: "partition", ByMessage: "message"}

// String returns the share's name.
func (s Share) String() string {
	if int(s) < len(shareNames) {
		return shareNames[s]
	}
	return fmt.Sprintf("share(%d)", uint8(s))
}

// MarshalText returns the same text as String.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses partition and message.
func (s *Share) UnmarshalText(text []byte) error {
	switch string(text) {
	case "partition":
		*s = ByPartition
	case "message":
		*s = ByMessage
	default:
		return fmt.Errorf("%q is no way to share work: write partition or message", text)
	}
	return nil
}

var claimStateNames = [...]string{Holds: "holds", Released: "released", Ready: "ready",
	Deaf: "deaf", Lapsed: "lapsed"}

// String returns the state as in documents and traces.
func (s ClaimState) String() string {
	if int(s) < len(claimStateNames) {
		return claimStateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

var grantStateNames = [...]string{Hold: "hold", GiveBack: "give-back", Prepare: "prepare"}

// String returns the state as in documents and traces.
func (s GrantState) String() string {
	if int(s) < len(grantStateNames) {
		return grantStateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

var refusalNames = [...]string{NameTaken: "name-taken", OtherShare: "other-share",
	TooMany: "too-many", NoTeams: "no-teams", NoTeam: "no-team"}

// String returns the reason as in documents and traces, or none for 0.
func (r Refusal) String() string {
	switch {
	case r == 0:
		return "none"
	case int(r) < len(refusalNames):
		return refusalNames[r]
	}
	return fmt.Sprintf("refusal(%d)", uint8(r))
}
