package leases

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// leaseMap is leases by what is leased.
type leaseMap map[lease.Key]lease.Lease

// sorted returns the leases by address.
func (m leaseMap) sorted() []lease.Lease { return slices.SortedFunc(maps.Values(m), byAddress) }

func byAddress(a, b lease.Lease) int {
	if by := a.Addr.Compare(b.Addr); by != 0 {
		return by
	}
	return int(a.Type) - int(b.Type)
}

// mapOf returns leases by what is leased.
func mapOf(leases []lease.Lease) leaseMap {
	m := make(leaseMap, len(leases))
	for _, l := range leases {
		m[l.Key()] = l
	}
	return m
}

// source is where leases are.
type source struct {
	name   string      // what the user calls it
	family ctrl.Family // 0: nothing there tells, since there are no leases
	leases leaseMap    // as of when it was read

	// again reads some leases again; nil: a file, which does not change.
	again func(ctx context.Context, keys []lease.Key) (leaseMap, error)
}

// read reads the leases of a source. What is wrong with some of them only goes
// to warn.
func (c *command) read(ctx context.Context, name string) (*source, error) {
	s, err := c.find(ctx, name)
	if err != nil {
		return nil, err
	}
	s.name = shown(name)
	if wanted := c.access.family; wanted != 0 {
		maps.DeleteFunc(s.leases, func(k lease.Key, _ lease.Lease) bool { return (k.Type == lease.V4) != (wanted == 4) })
		s.family = ctrl.Family(wanted)
	} else if s.family == 0 {
		s.family = familyOf(s.leases)
	}
	return s, nil
}

// familyOf returns the family of leases; 0: there are none.
func familyOf(leases leaseMap) ctrl.Family {
	for k := range leases {
		if k.Type == lease.V4 {
			return ctrl.V4
		}
		return ctrl.V6
	}
	return 0
}

// find reads a source of whatever kind it is.
func (c *command) find(ctx context.Context, name string) (*source, error) {
	if strings.Contains(name, "://") || strings.HasPrefix(name, "unix:") {
		return c.askServer(ctx, name)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missing(name, err)
	case err != nil:
		return nil, err
	case info.Mode().Type() == fs.ModeSocket:
		return c.askServer(ctx, unixAddress(name))
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory", name)
	}
	start, err := beginning(name)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(start, []byte("address,")), len(start) == 0 && !strings.HasSuffix(name, ".db"):
		return c.readMemfile(ctx, name)
	case !isText(start):
		return readStore(name)
	}
	if family, err := ctrl.ConfigFamily(name); err == nil {
		return c.readConfigured(ctx, name, family)
	}
	return readJSON(name)
}

// missing is the error for a source that is not there. What is there may have
// been meant.
func missing(name string, err error) error {
	for _, other := range []string{name + ".db", strings.TrimSuffix(name, ".db")} {
		if _, e := os.Stat(other); e == nil && other != name {
			return fmt.Errorf("%w; but there is %s", err, other)
		}
	}
	return err
}

// beginning returns the first bytes of a file, up to a page of memory.
func beginning(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, 4096)
	n, err := io.ReadFull(f, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], err
}

// isText says whether a file begins like text. A lease file of failoverd has
// zeros in its first line.
func isText(start []byte) bool { return !bytes.ContainsRune(start, 0) && len(start) > 0 }
