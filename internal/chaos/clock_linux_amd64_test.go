package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tellTime makes this program tell the time, of the wall and since its start, a
// line for each that it is sent.
const tellTime = "DHCPHA_TELL_TIME"

func TestMain(m *testing.M) {
	if os.Getenv(tellTime) == "" {
		os.Exit(m.Run())
	}
	began := time.Now()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(time.Now().Unix(), int(time.Since(began).Seconds()))
	}
}

// The clock of a program is set off and right again while it runs, whatever
// language it is in; what it measures goes on.
func TestClock(t *testing.T) {
	const shell = `while read -r; do printf '%(%s)T %s\n' -1 "${EPOCHREALTIME%.*}"; done`
	for name, cmd := range map[string]*exec.Cmd{
		"Go":        exec.CommandContext(t.Context(), os.Args[0]),
		"C library": exec.CommandContext(t.Context(), "bash", "-c", shell),
	} {
		t.Run(name, func(t *testing.T) {
			cmd.Env = append(os.Environ(), tellTime+"=1")
			stdin, err := cmd.StdinPipe()
			require.NoError(t, err)
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
			lines := bufio.NewReader(stdout)
			off := func() (wall, other int64) {
				_, err := io.WriteString(stdin, "\n")
				require.NoError(t, err)
				line, err := lines.ReadString('\n')
				require.NoError(t, err)
				_, err = fmt.Sscan(strings.TrimSpace(line), &wall, &other)
				require.NoError(t, err, line)
				return wall - time.Now().Unix(), other
			}
			const ample = 30 // seconds, on a busy machine
			off()
			c, err := openClock(cmd.Process.Pid)
			require.NoError(t, err)
			defer c.close()
			for _, want := range []int64{0, 3600, -7200, 0} {
				require.NoError(t, c.set(time.Duration(want)*time.Second))
				wall, other := off()
				require.InDelta(t, want, wall, ample)
				if name == "Go" {
					require.Less(t, other, int64(ample))
				} else {
					require.InDelta(t, time.Now().Unix()+want, other, ample)
				}
			}
		})
	}
}
