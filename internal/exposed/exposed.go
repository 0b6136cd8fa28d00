// Package exposed finds out whether other users of a system can replace a file,
// or change it. What a server keeps there would then be theirs to say.
package exposed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Path says why others can replace the file at a path, whether it is there yet
// or not: everybody may write to its folder, or to one above it, and nothing
// keeps them from what others have there (the sticky bit does). Nil: they cannot,
// or the system has no such rights.
func Path(path string) error {
	at, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	// What a symbolic link leads to is what counts, and where the link is.
	if err := folders(filepath.Dir(at)); err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		real, err = filepath.EvalSymlinks(filepath.Dir(at))
		if errors.Is(err, fs.ErrNotExist) {
			return nil // whoever needs the folder will say so
		}
		if err != nil {
			return err
		}
		real = filepath.Join(real, filepath.Base(at))
	case err != nil:
		return err
	}
	if real == at {
		return nil
	}
	return folders(filepath.Dir(real))
}

// folders looks at a folder and those above it.
func folders(folder string) error {
	for {
		info, err := os.Stat(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && open(info) {
			return fmt.Errorf("everybody may write to the folder %s, and so replace what is in it: "+
				"take that right away (chmod o-w %s), or choose another folder", folder, folder)
		}
		above := filepath.Dir(folder)
		if above == folder {
			return nil
		}
		folder = above
	}
}

// File says why others can change the file at a path: everybody may write to it,
// or it belongs to a user who is neither the one that this program runs as nor
// the administrator. Nil: they cannot, it is not there, or the system has no
// such rights.
func File(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	switch owner, known := owner(info); {
	case writable(info):
		return fmt.Errorf("everybody may write to %s: take that right away (chmod o-w %s)", path, path)
	case known && owner != 0 && owner != os.Geteuid():
		return fmt.Errorf("%s belongs to another user, with the number %d, who can change it: "+
			"make it that of the user whom this program runs as (chown %d %s)", path, owner, os.Geteuid(), path)
	}
	return nil
}
