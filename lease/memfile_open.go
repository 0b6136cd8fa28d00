package lease

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// OpenMemfile opens the store that stands beside a lease file of Kea, under
// its name with the ending .db. If it is not there yet it is made, with the
// leases of Kea's file in it (see [ImportMemfile]), should there be one: as a
// whole or, after an error, not at all. The result is nil if nothing was
// imported.
func OpenMemfile(ctx context.Context, name string, opts *Options, imports *ImportOptions) (*Store, *ImportResult, error) {
	path := name + ".db"
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		s, err := Open(path, opts)
		return s, nil, err
	}
	result, err := importBeside(ctx, name, path, opts, imports)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, result, err
	}
	s, err := Open(path, opts)
	return s, result, err
}

// importBeside makes the store at path of a lease file. What an interrupted
// import has left is made anew.
func importBeside(ctx context.Context, name, path string, opts *Options, imports *ImportOptions) (*ImportResult, error) {
	if _, err := memfileSet(name); err != nil {
		return nil, err
	}
	partial := path + ".import"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s, err := Open(partial, opts)
	if err != nil {
		return nil, err
	}
	result, err := ImportMemfile(ctx, s, name, imports)
	if err = errors.Join(err, s.Close()); err != nil {
		return &result, errors.Join(err, os.Remove(partial))
	}
	if err := os.Rename(partial, path); err != nil {
		return &result, err
	}
	return &result, syncDir(path)
}
