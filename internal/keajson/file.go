package keajson

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ParseFile reads a file and what it includes. As with Kea, the names of
// included files are relative to the working directory; a file that is not
// there is looked for beside the one that includes it.
func ParseFile(path string) (root *Node, warnings []Problem, err error) {
	text, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	return Parse(path, text, includeFile)
}

func includeFile(from, name string) (string, []byte, error) {
	text, err := readFile(name)
	if !errors.Is(err, fs.ErrNotExist) || filepath.IsAbs(name) {
		return name, text, err
	}
	beside := filepath.Join(filepath.Dir(from), name)
	text, err = readFile(beside)
	return beside, text, err
}

// readFile reads a file, or as much of it as Parse needs to refuse it.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("read %s: it is a directory", path)
	}
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}
