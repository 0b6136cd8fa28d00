//go:build !unix

package ctrl

import "net"

func quiet(conn net.Conn) bool { return quietSlow(conn) }

func wasReset(net.Conn) bool { return false }
