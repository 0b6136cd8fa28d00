package ctrl

import (
	"net"
	"time"
)

// quietSlow is quiet for connections that cannot be asked, such as those in
// memory: it waits for a moment.
func quietSlow(conn net.Conn) bool {
	conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	var one [1]byte
	_, err := conn.Read(one[:])
	return isTimeout(err) && conn.SetReadDeadline(time.Time{}) == nil
}
