package lease

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	importBatch     = 1 << 14 // leases that are committed together
	importRowErrors = 100     // RowErrors that are kept for the result
)

// ImportOptions are for ImportMemfile; the zero value is good.
type ImportOptions struct {
	// MaxRowErrors is how many rows may be bad before the import is given up
	// (Kea's max-row-errors). 0: any number.
	MaxRowErrors int
}

// ImportResult says what an import has done.
type ImportResult struct {
	Files  []string    // that were read, in this order
	Rows   int         // rows that were read, without the bad ones
	Bad    int         // rows that were passed over
	Errors []*RowError // why, for the first hundred of them
}

// ImportMemfile reads a lease file of Kea, and what Kea's cleanup of lease
// files has left beside it, into a store, in the order in which Kea would load
// them: name.completed, or else name.2 and name.1, and then name. The Kea that
// the file belongs to must not be running.
//
// Bad rows are passed over and counted, as Kea does. If nothing is there the
// error matches fs.ErrNotExist. After an error part of the leases may be in
// the store; importing again does no harm.
func ImportMemfile(ctx context.Context, s *Store, name string, opts *ImportOptions) (ImportResult, error) {
	return importMemfile(ctx, s, name, opts, nil)
}

func importMemfile(ctx context.Context, s *Store, name string, opts *ImportOptions, only *bool) (ImportResult, error) {
	i := &importer{store: s, only: only, changes: map[Key]Change{}}
	if opts != nil {
		i.ImportOptions = *opts
	}
	err := i.run(ctx, name)
	if err != nil {
		err = fmt.Errorf("lease: import: %w", err)
	}
	return i.result, err
}

type importer struct {
	ImportOptions
	store   *Store
	only    *bool          // not nil: only files of DHCPv6 (true), or of DHCPv4
	changes map[Key]Change // the last of each lease
	result  ImportResult
}

func (i *importer) run(ctx context.Context, name string) error {
	files, err := memfileSet(name)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := i.file(ctx, file); err != nil {
			return err
		}
	}
	return i.commit(ctx)
}

// memfileSet returns which of the files that stand for a lease file there are.
// A cleanup reads name.2 (what the last one left) and name.1 (what has been
// written since), writes name.output, renames that to name.completed when it
// is whole, and then to name.2. So name.output never counts, and with
// name.completed there the other two are in it.
func memfileSet(name string) (files []string, err error) {
	there := func(suffix string) bool {
		info, e := os.Stat(name + suffix)
		if e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = e
		}
		return e == nil && !info.IsDir()
	}
	candidates := []string{".2", ".1", ""}
	if there(".completed") {
		candidates = []string{".completed", ""}
	}
	for _, suffix := range candidates {
		if there(suffix) {
			files = append(files, name+suffix)
		}
	}
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return files, err
}

func (i *importer) file(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := NewMemfileReader(f, name)
	if err != nil {
		return err
	}
	// An empty file is of either family.
	if i.only != nil && r.most > 0 && r.v6 != *i.only {
		return fmt.Errorf("%s: %w", name, errFamily(*i.only))
	}
	i.result.Files = append(i.result.Files, name)
	for {
		l, err := r.Next()
		var bad *RowError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			err = i.bad(bad)
		case err == nil:
			err = i.row(ctx, l)
		}
		if err != nil {
			return err
		}
	}
}

func (i *importer) bad(e *RowError) error {
	if i.result.Bad++; len(i.result.Errors) < importRowErrors {
		i.result.Errors = append(i.result.Errors, e)
	}
	if i.MaxRowErrors > 0 && i.result.Bad > i.MaxRowErrors {
		return fmt.Errorf("more than %d bad rows, the last: %w", i.MaxRowErrors, e)
	}
	return nil
}

func (i *importer) row(ctx context.Context, l Lease) error {
	i.result.Rows++
	i.changes[l.Key()] = Change{Lease: l, Delete: l.ValidLft == 0}
	if len(i.changes) < importBatch {
		return nil
	}
	return i.commit(ctx)
}

func (i *importer) commit(ctx context.Context) error {
	changes := make([]Change, 0, len(i.changes))
	for k, c := range i.changes {
		if c.Delete {
			if _, ok := i.store.Lookup(k); !ok {
				continue // came and went within the files
			}
		}
		changes = append(changes, c)
	}
	clear(i.changes)
	if len(changes) == 0 {
		return nil
	}
	return i.store.Commit(ctx, changes...)
}
