package main

import (
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// notifier tells systemd how the program is, by sd_notify(3): datagrams of
// NAME=VALUE lines to a socket. The zero notifier tells nobody.
type notifier struct {
	socket   string        // a path, or @ and a name
	watchdog time.Duration // how long systemd waits for a sign of life; 0: it does not
}

// newNotifier returns that of who has started the program, which tells by the
// environment whether it wants to be told.
func newNotifier(getenv func(string) string) notifier {
	n := notifier{socket: getenv("NOTIFY_SOCKET")}
	usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	pid := getenv("WATCHDOG_PID")
	if err == nil && usec > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		n.watchdog = time.Duration(usec) * time.Microsecond
	}
	return n
}

func (n notifier) wanted() bool { return n.socket != "" }

// tell sends the lines. That nobody listens any more is no reason to stop
// serving, so nothing becomes of an error.
func (n notifier) tell(lines ...string) {
	if !n.wanted() {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte(strings.Join(lines, "\n")))
}
