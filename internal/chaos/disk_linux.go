package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// disk is a small file system in memory, which can be full.
type disk struct{ dir string }

// diskSize is what it has room for, in bytes.
const diskSize = 64 << 20

// mounts starts the name of each file system; the process id of the owner
// follows.
const mounts = "dhcpha-chaos-"

func mountDisk(dir string) (*disk, error) {
	name := fmt.Sprint(mounts, os.Getpid())
	if err := unix.Mount(name, dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("mode=755,size=%d", diskSize)); err != nil {
		return nil, fmt.Errorf("mount a file system at %s: %w", dir, err)
	}
	return &disk{dir}, nil
}

func (d *disk) unmount() { _ = unix.Unmount(d.dir, unix.MNT_DETACH) }

// fill leaves it no more room than what is used.
func (d *disk) fill() error {
	for {
		var s unix.Statfs_t
		if err := unix.Statfs(d.dir, &s); err != nil {
			return fmt.Errorf("%s: %w", d.dir, err)
		}
		err := d.resize(int64(s.Blocks-s.Bfree) * int64(s.Bsize))
		if !errors.Is(err, unix.EINVAL) { // more has been used meanwhile
			return err
		}
	}
}

func (d *disk) free() error { return d.resize(diskSize) }

func (d *disk) resize(size int64) error {
	if err := unix.Mount("", d.dir, "", unix.MS_REMOUNT|unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("size=%d", size)); err != nil {
		return fmt.Errorf("resize the file system at %s to %d: %w", d.dir, size, err)
	}
	return nil
}

// unmountAbandoned removes the file systems of processes that were killed before
// they could.
func unmountAbandoned() {
	text, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		owner, ours := strings.CutPrefix(fields[0], mounts)
		pid, err := strconv.Atoi(owner)
		if !ours || err != nil {
			continue
		}
		if _, err := os.Stat(fmt.Sprint("/proc/", pid)); os.IsNotExist(err) {
			_ = unix.Unmount(fields[1], unix.MNT_DETACH)
		}
	}
}
