// This file lets store.go declare functions without a body.
