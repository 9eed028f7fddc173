package inquest

// A Room bounds what all inquests of a process take together: 65,536 ranges of members, 8,192
// members, and four inquests at once. Others wait for their turn. The zero value is ready. It is
// not safe for concurrent use.
type Room struct{}
