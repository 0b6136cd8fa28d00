package lease

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// keaServerID is the file in which Kea's DHCPv6 server keeps its DUID. It is in
// the data-directory, as the lease file is unless a path is configured for it.
const keaServerID = "kea-dhcp6-serverid"

// importServerID takes over the DUID of the Kea that a lease file of DHCPv6 is
// of: what its clients have they renew with the server of that name, and with
// another one only when that has not answered for long.
func importServerID(ctx context.Context, s *Store, name string) error {
	path := filepath.Join(filepath.Dir(name), keaServerID)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	id, err := keatext.ParseColonHex(strings.TrimSpace(string(text)))
	if err == nil && (len(id) < 3 || len(id) > 130) { // RFC 9915, section 11.1
		err = fmt.Errorf("%d bytes cannot be a DUID", len(id))
	}
	if err != nil {
		return fmt.Errorf("lease: server identifier of Kea in %s: %w", path, err)
	}
	return s.SetServerID(ctx, id)
}
