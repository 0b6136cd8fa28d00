package leases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/dhcpha/dhcpha/lease"
)

// readStore reads the lease file of a failoverd.
func readStore(name string) (*source, error) {
	leases, err := lease.ReadFile(name)
	if errors.Is(err, lease.ErrLocked) {
		return nil, fmt.Errorf("%w: a server runs on it. Ask the server: give its control socket, or its configuration, instead of the file", err)
	}
	return &source{leases: mapOf(leases)}, err
}

// readMemfile reads a lease file of Kea, and what Kea's cleanup has left beside
// it, as Kea would.
func (c *command) readMemfile(ctx context.Context, name string) (*source, error) {
	if _, err := os.Stat(name + ".db"); err == nil {
		c.warnf("%s is what Kea has left; failoverd keeps leases in %s.db", name, name)
	}
	dir, err := os.MkdirTemp("", "failoverd-leases-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	result, err := lease.ImportMemfile(ctx, store, name, nil)
	for _, row := range result.Errors {
		c.warnf("left out: %v", row)
	}
	if more := result.Bad - len(result.Errors); more > 0 {
		c.warnf("left out: %d more rows", more)
	}
	return &source{leases: mapOf(slices.Collect(store.All()))}, err
}

// readJSON reads what writeJSON has written, or the answer of a server to one
// of the lease commands, with or without what is around it.
func readJSON(name string) (*source, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	leases, err := parseLeases(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &source{leases: mapOf(leases)}, nil
}

// parseLeases reads {"leases": [...]}, {"arguments": {"leases": [...]}}, or a
// list with one of these in it.
func parseLeases(text []byte) ([]lease.Lease, error) {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) == nil {
		if len(list) != 1 {
			return nil, fmt.Errorf("it is a list of %d, not the one answer of a server", len(list))
		}
		text = list[0]
	}
	var answer struct {
		Leases    *[]lease.Lease `json:"leases"`
		Arguments struct {
			Leases *[]lease.Lease `json:"leases"`
		} `json:"arguments"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	switch {
	case answer.Leases != nil:
		return *answer.Leases, nil
	case answer.Arguments.Leases != nil:
		return *answer.Arguments.Leases, nil
	}
	return nil, errors.New(`it is neither a lease file, nor a configuration, nor has it a list "leases"`)
}
