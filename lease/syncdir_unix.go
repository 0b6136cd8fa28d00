//go:build unix

package lease

import (
	"errors"
	"os"
	"path/filepath"
)

// syncDir makes it durable that path names the file it names now.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
