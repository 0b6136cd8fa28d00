package ctrl

import "fmt"

// Result codes of responses, in Kea's numbers.
const (
	Success     = 0
	Error       = 1
	Unsupported = 2 // no such command
	Empty       = 3 // done, but there was nothing to find or to change
	Conflict    = 4 // the arguments do not fit the server's state or configuration; since Kea 2.3.1
	Fatal       = 5 // the server cannot return to a working state; since Kea 3.0.4

	// MaintenanceNotAllowed is the answer to ha-maintenance-notify of a server
	// whose state does not permit it.
	MaintenanceNotAllowed = 1001
)

// ResultError is a response that says that the command has failed.
type ResultError struct {
	Code int    // the response's result
	Text string // the response's text
}

func (e *ResultError) Error() string {
	return fmt.Sprintf("%s (result %d)", e.Text, e.Code)
}
