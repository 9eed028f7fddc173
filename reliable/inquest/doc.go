// Package inquest is what the survivors of a publisher that fell silent do together: they tell
// each other what they hold, repair each other, and end with the same certificate.
//
// An Inquest is one survivor's part in it, for one stream. It knows sequence numbers only: it
// takes the DIGESTs of others, names whom to ask for what, fills the DIGESTs to send, and says
// when the inquest is over, and how. Its caller asks, holds the frames and sends.
//
// It has three parts. The table (table.go, member.go) is what each member said it holds. The
// finding (finding.go) is computed from the table when it is needed: who is listed, how far the
// stream is known to go, what nobody has, and whether anybody still waits for what another has. The
// course (course.go) holds the times: when to speak, when all agree, when the time is over.
package inquest
