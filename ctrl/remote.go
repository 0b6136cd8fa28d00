package ctrl

import (
	"context"
	"net/netip"
)

type remoteAddrKey struct{}

// RemoteAddr returns from where the command came that runs with ctx. It is
// not valid if the command did not come by TCP.
func RemoteAddr(ctx context.Context) netip.AddrPort {
	addr, _ := ctx.Value(remoteAddrKey{}).(netip.AddrPort)
	return addr
}

// withRemoteAddr returns a context for a command that came from address, as
// net/http writes it.
func withRemoteAddr(ctx context.Context, address string) context.Context {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return ctx
	}
	return context.WithValue(ctx, remoteAddrKey{}, netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()))
}
