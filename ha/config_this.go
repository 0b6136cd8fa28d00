package ha

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// findThisServer sets this-server-name to what the program says, or where it
// is absent to the peer that is on this machine.
func (o *ParseOptions) findThisServer(cfgs []*Config, report *keajson.Report) {
	isLocal := o.IsLocal
	if isLocal == nil {
		isLocal = localHost
	}
	used := o.ThisServer == "" || len(cfgs) == 0
	for i, c := range cfgs {
		switch {
		case o.ThisServer != "" && c.peer(o.ThisServer) != nil:
			c.ThisServerName, used = o.ThisServer, true
		case c.ThisServerName == "" && len(c.Peers) > 0 && (o.ThisServer == "" || len(cfgs) > 1):
			name, err := c.localPeer(isLocal)
			if err != nil {
				report.Errorf(at(listPath(i), "this-server-name"), "is missing, and %v; write the name of this server here", err)
			}
			c.ThisServerName = name
		}
	}
	if !used {
		report.Errorf(at(listPath(0), "this-server-name"), "is to be %q, but there is no such peer; there are %s", o.ThisServer, peerNames(cfgs...))
	}
}

// peerNames lists the names of all peers.
func peerNames(cfgs ...*Config) string {
	var names []string
	for _, c := range cfgs {
		for _, p := range c.Peers {
			if p.Name != "" {
				names = append(names, p.Name)
			}
		}
	}
	return strings.Join(names, ", ")
}

// localPeer returns the name of the peer that is on this machine.
func (c *Config) localPeer(isLocal func(string) (bool, error)) (string, error) {
	var found []string
	var failed []error
	for i := range c.Peers {
		p := &c.Peers[i]
		e, err := p.endpoint()
		if err != nil || p.Name == "" {
			continue // which is reported elsewhere
		}
		local, err := isLocal(e.host)
		if err != nil {
			failed = append(failed, err)
		}
		if local {
			found = append(found, p.Name)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if err := errors.Join(failed...); err != nil {
			return "", fmt.Errorf("which peer it is cannot be told: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		return "", errors.New("no peer has a url with an address of this machine")
	}
	return "", fmt.Errorf("%s all have a url with an address of this machine", strings.Join(found, ", "))
}

// resolveTimeout is how long the name of a host is looked up to find out
// whether it is this one.
const resolveTimeout = 5 * time.Second

// localHost says whether one of the addresses of a host belongs to this
// machine.
func localHost(host string) (bool, error) {
	local, err := net.InterfaceAddrs()
	if err != nil {
		return false, fmt.Errorf("addresses of this machine: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(addrs, func(addr netip.Addr) bool {
		addr = addr.Unmap()
		return addr.IsLoopback() || slices.ContainsFunc(local, func(l net.Addr) bool {
			prefix, err := netip.ParsePrefix(l.String())
			return err == nil && prefix.Addr() == addr.WithZone("")
		})
	}), nil
}
