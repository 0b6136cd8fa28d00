package lease

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// OpenMemfile opens the store that stands beside a lease file of Kea, under
// its name with the ending .db. If it is not there yet it is made, with the
// leases of Kea's file in it (see [ImportMemfile]), should there be one: as a
// whole or, after an error, not at all. The result is nil if nothing was
// imported. With the leases of DHCPv6 comes the DUID that their clients know
// the server by ([Store.ServerID]), if Kea has it in the same folder, in
// kea-dhcp6-serverid.
//
// The leases must be of one family, DHCPv6 or DHCPv4: it is an error if the
// file or the store is that of the other server.
func OpenMemfile(ctx context.Context, name string, v6 bool, opts *Options, imports *ImportOptions) (*Store, *ImportResult, error) {
	path := name + ".db"
	var result *ImportResult
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		result, err = importBeside(ctx, name, v6, path, opts, imports)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, result, err
		}
	}
	s, err := Open(path, opts)
	if err != nil {
		return nil, result, err
	}
	if s.hasFamily(!v6) {
		err := fmt.Errorf("lease: open %s: %w", path, errFamily(v6))
		return nil, result, errors.Join(err, s.Close())
	}
	return s, result, nil
}

// errFamily is the error for leases that are not of the family.
func errFamily(v6 bool) error {
	if v6 {
		return errors.New("it has leases of DHCPv4, and those of DHCPv6 are wanted")
	}
	return errors.New("it has leases of DHCPv6, and those of DHCPv4 are wanted")
}

// hasFamily says whether there are leases of DHCPv6, or of DHCPv4.
func (s *Store) hasFamily(v6 bool) bool {
	for st := Assigned; st <= Registered; st++ {
		if v6 && s.Count(0, st, NA)+s.Count(0, st, PD) > 0 || !v6 && s.Count(0, st, V4) > 0 {
			return true
		}
	}
	return false
}

// importBeside makes the store at path of a lease file. What an interrupted
// import has left is made anew.
func importBeside(ctx context.Context, name string, v6 bool, path string, opts *Options, imports *ImportOptions) (*ImportResult, error) {
	files, err := memfileSet(name)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := refusePipe(file); err != nil {
			return nil, fmt.Errorf("lease: import: %w", err)
		}
	}
	partial := path + ".import"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s, err := Open(partial, opts)
	if err != nil {
		return nil, err
	}
	result, err := importMemfile(ctx, s, name, imports, &v6)
	if err == nil && v6 {
		err = importServerID(ctx, s, name)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return &result, errors.Join(err, os.Remove(partial))
	}
	if err := os.Rename(partial, path); err != nil {
		return &result, err
	}
	return &result, syncDir(path)
}
