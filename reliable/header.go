package reliable

import "crier/reliable/frame"

// Header is a name and a value that come with a message. The name has 1 to 255 bytes of UTF-8.
type Header = frame.MessageHeader
