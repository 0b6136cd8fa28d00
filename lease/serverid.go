package lease

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"
)

// serverID is what the server is known by; empty: nothing is.
type serverID string

// maxServerID bounds it, in bytes: what fits into a DHCPv6 option.
const maxServerID = 1<<16 - 1

// write puts the identifier into a file's bucket.
func (id serverID) write(meta *bbolt.Bucket) error {
	if id == "" {
		return meta.Delete(serverIDKey)
	}
	return meta.Put(serverIDKey, []byte(id))
}

// ServerID returns what SetServerID has set; nil: nothing.
func (s *Store) ServerID() []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.serverID == "" {
		return nil
	}
	return []byte(s.serverID)
}

// SetServerID keeps the identifier by which clients know this server, with
// DHCPv6 its DUID: it belongs to the leases, as their clients renew them with
// the server of that name. It is durable when SetServerID returns, and part of
// backups. Empty removes it.
func (s *Store) SetServerID(ctx context.Context, id []byte) error {
	if len(id) > maxServerID {
		return fmt.Errorf("lease: server identifier: %d bytes are more than %d", len(id), maxServerID)
	}
	return s.submit(ctx, &request{server: new(serverID(id))})
}
