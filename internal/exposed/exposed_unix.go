//go:build unix

package exposed

import (
	"io/fs"
	"syscall"
)

// writable says whether everybody may write.
func writable(info fs.FileInfo) bool { return info.Mode().Perm()&0o002 != 0 }

// open says whether everybody may replace what is in a folder.
func open(info fs.FileInfo) bool { return writable(info) && info.Mode()&fs.ModeSticky == 0 }

// owner returns whose a file is.
func owner(info fs.FileInfo) (uid int, known bool) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid), true
	}
	return 0, false
}
