package clitest

import "os"

// Tests decide by themselves what the tool gets; processes that they start inherit it.
func init() {
	os.Unsetenv("CRIER_GROUP")
	os.Unsetenv("CRIER_IFACE")
}
