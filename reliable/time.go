package reliable

import "crier/nack"

// Time is an instant, in nanoseconds since a start that the driver chooses. It is never
// negative.
type Time = nack.Time

// Never is later than every other Time.
const Never = nack.Never
