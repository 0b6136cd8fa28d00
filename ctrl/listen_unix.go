package ctrl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/dhcpha/dhcpha/internal/exposed"
)

// ListenUnix makes a unix socket for a UnixServer, with permissions 0660. The
// socket of a server that is gone is replaced. Refused are: a socket somebody
// still listens on, anything that is no socket (so also a symbolic link), and
// a path on which everybody may replace something. The socket is removed when
// the listener is closed.
func ListenUnix(path string) (net.Listener, error) {
	listener, err := listenUnix(path)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	return listener, nil
}

func listenUnix(path string) (net.Listener, error) {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("its folder must be there: %w", err)
	}
	if err := exposed.Path(path); err != nil {
		return nil, err
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	listener, err := bindUnix(path)
	if err != nil {
		return nil, err
	}
	// What the process's umask has taken away is wanted.
	if err := os.Chmod(path, socketMode); err != nil {
		listener.Close()
		return nil, err
	}
	return listener, nil
}

const socketMode = 0o660

// bindUnix makes the socket. Where the system can, it never has more
// permissions than it is to have: a connection made in the moment until it is
// changed would stay.
func bindUnix(path string) (net.Listener, error) {
	var config net.ListenConfig
	config.Control = func(_, _ string, conn syscall.RawConn) error {
		return conn.Control(restrictSocket)
	}
	return config.Listen(context.Background(), "unix", path)
}

// removeStale removes a socket that nobody listens on.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("it is there and no socket (%s); move it away", info.Mode())
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
		return errors.New("another process listens on it")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}
