package leases

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// access is how servers are asked.
type access struct {
	family       uint // 4 or 6; 0: whichever the server has
	passwordFile string
	trustAnchor  string
	certFile     string
	keyFile      string
	timeout      time.Duration
}

func (a *access) declare(flags *flag.FlagSet) {
	flags.UintVar(&a.family, "family", 0, "leases of DHCPv`4` or of DHCPv6, where a source could have both")
	flags.StringVar(&a.passwordFile, "password-file", "", "`file` with the password for the user in an http url")
	flags.StringVar(&a.trustAnchor, "trust-anchor", "", "`file` or folder of authorities for https, as in the configuration")
	flags.StringVar(&a.certFile, "cert-file", "", "`file` with the certificate for https")
	flags.StringVar(&a.keyFile, "key-file", "", "`file` with the key for https")
	flags.DurationVar(&a.timeout, "timeout", 30*time.Second, "how long a server may take for an answer")
}

// pageSize is how many leases a server is asked for at a time. Kea answers
// nobody else meanwhile.
const pageSize = 1000

// server is one that answers the lease commands.
type server struct {
	client  *ctrl.Client
	address string
	family  ctrl.Family
	timeout time.Duration
}

// shown is the name of a source as it may be printed.
func shown(name string) string {
	if u, err := url.Parse(name); err == nil && u.User != nil {
		return u.Redacted()
	}
	return name
}

// unixAddress returns the address of a server with a control socket at path.
func unixAddress(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return (&url.URL{Scheme: "unix", Path: path}).String()
}

// askServer reads the leases of a server that runs.
func (c *command) askServer(ctx context.Context, address string) (*source, error) {
	families := []ctrl.Family{ctrl.V4, ctrl.V6}
	if wanted := c.access.family; wanted != 0 {
		families = []ctrl.Family{ctrl.Family(wanted)}
	}
	var refused []error
	var empty []ctrl.Family
	for _, family := range families {
		leases, err := c.access.all(ctx, address, family)
		switch result := (*ctrl.ResultError)(nil); {
		case errors.As(err, &result):
			refused = append(refused, err)
		case err != nil:
			return nil, err
		case len(leases) == 0:
			empty = append(empty, family) // Kea's DHCPv6 server has the commands for DHCPv4, too
		default:
			return c.access.source(address, family, leases), nil
		}
	}
	switch len(empty) {
	case 0:
		return nil, fmt.Errorf("%w\n(a server has these commands if its configuration names the hook library libdhcp_lease_cmds)", errors.Join(refused...))
	case 1:
		return c.access.source(address, empty[0], leaseMap{}), nil
	}
	return c.access.source(address, 0, leaseMap{}), nil
}

// source is a server whose leases have been read.
func (a *access) source(address string, family ctrl.Family, leases leaseMap) *source {
	return &source{family: family, leases: leases, again: func(ctx context.Context, keys []lease.Key) (leaseMap, error) {
		family := ctrl.V4
		if keys[0].Type != lease.V4 {
			family = ctrl.V6
		}
		s, err := a.dial(address, family)
		if err != nil {
			return nil, err
		}
		defer s.client.Close()
		return s.some(ctx, keys)
	}}
}

// all returns all leases of a server.
func (a *access) all(ctx context.Context, address string, family ctrl.Family) (leaseMap, error) {
	s, err := a.dial(address, family)
	if err != nil {
		return nil, err
	}
	defer s.client.Close()
	return s.all(ctx)
}

// dial returns a server of a family at an address.
func (a *access) dial(address string, family ctrl.Family) (*server, error) {
	opts := &ctrl.ClientOptions{}
	if u, err := url.Parse(address); err == nil && u.User != nil {
		opts.User = u.User.Username()
		opts.Password, _ = u.User.Password()
		u.User = nil
		address = u.String()
	}
	if a.passwordFile != "" {
		text, err := os.ReadFile(a.passwordFile)
		if err != nil {
			return nil, err
		}
		opts.Password = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	}
	if a.trustAnchor != "" {
		var err error
		if opts.TLS, err = ctrl.ClientTLS(a.trustAnchor, a.certFile, a.keyFile, nil); err != nil {
			return nil, err
		}
	}
	if !strings.HasPrefix(address, "unix:") {
		opts.Service = []string{fmt.Sprintf("dhcp%d", family)} // Kea's control agent passes it on
	}
	client, err := ctrl.NewClient(address, opts)
	if err != nil {
		return nil, err
	}
	return &server{client, address, family, a.timeout}, nil
}

// all returns all leases of the server.
func (s *server) all(ctx context.Context) (leaseMap, error) {
	// Not from "start", by which a server notices a partner that fetches its
	// leases.
	from := netip.IPv4Unspecified()
	if s.family == ctrl.V6 {
		from = netip.IPv6Unspecified()
	}
	all := make(leaseMap)
	for {
		page, err := s.page(ctx, from, pageSize)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			return all, nil
		}
		before := from
		for _, l := range page {
			all[l.Key()] = l
			if from.Less(l.Addr) {
				from = l.Addr
			}
		}
		if from == before {
			return nil, fmt.Errorf("%s: the leases behind %v do not come behind it", s.address, before)
		}
	}
}

// page returns up to limit leases behind an address. An address and a prefix
// that begins with it count as one.
func (s *server) page(ctx context.Context, from netip.Addr, limit int) ([]lease.Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	args := map[string]any{"from": from.String(), "limit": limit}
	reply, err := s.client.Call(ctx, fmt.Sprintf("lease%d-get-page", s.family), args)
	if err != nil {
		return nil, err
	}
	var page struct{ Leases []json.RawMessage }
	if reply.Arguments != nil {
		if err := json.Unmarshal(reply.Arguments, &page); err != nil {
			return nil, fmt.Errorf("%s: %w", s.address, err)
		}
	}
	leases := make([]lease.Lease, len(page.Leases))
	for i, raw := range page.Leases {
		if err := json.Unmarshal(raw, &leases[i]); err != nil {
			return nil, fmt.Errorf("%s: a lease that cannot be read: %w: %s", s.address, err, raw)
		}
	}
	return leases, nil
}

// enough is from how many leases on it is quicker to read all.
const enough = 1000

// some returns those of the leases that the server has now. It asks for the page
// behind the address before: the other commands for one lease are not among
// those that a server takes from its peers.
func (s *server) some(ctx context.Context, keys []lease.Key) (leaseMap, error) {
	if len(keys) >= enough {
		return s.all(ctx)
	}
	found := make(leaseMap, len(keys))
	for _, k := range keys {
		before := k.Addr.Prev()
		if !before.IsValid() {
			continue // the first address of all is nobody's
		}
		page, err := s.page(ctx, before, 2) // an address and a prefix may begin alike
		if err != nil {
			return nil, err
		}
		for _, l := range page {
			if l.Key() == k {
				found[k] = l
			}
		}
	}
	return found, nil
}
