package lease

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"net/netip"
	"time"
)

// Options for Open; the zero value is good.
type Options struct {
	Logger *slog.Logger // nil: nothing is logged
}

// Store keeps leases durably in one file and answers every question about
// them from memory. All methods may be called by many goroutines at once.
type Store struct{}

var _ Committer = (*Store)(nil)

// Open opens the store in the file path, which is made if it does not exist.
func Open(path string, opts *Options) (*Store, error) { panic("unfinished") }

// Commit makes the changes durable, see Committer.
func (s *Store) Commit(ctx context.Context, changes ...Change) error { panic("unfinished") }

// Lookup returns the lease with the key.
func (s *Store) Lookup(k Key) (Lease, bool) { panic("unfinished") }

// ByClientID returns the leases of a client: by client identifier (DHCPv4) or DUID (DHCPv6).
func (s *Store) ByClientID(id []byte) []Lease { panic("unfinished") }

// ByHWAddr returns the leases with the hardware address.
func (s *Store) ByHWAddr(hw []byte) []Lease { panic("unfinished") }

// ByIAID returns the leases of one identity association of a client.
func (s *Store) ByIAID(duid []byte, iaid uint32) []Lease { panic("unfinished") }

// ByHostname returns the leases with the host name, in any case.
func (s *Store) ByHostname(name string) []Lease { panic("unfinished") }

// BySubnet goes through the leases of a subnet, in no particular order.
func (s *Store) BySubnet(id uint32) iter.Seq[Lease] { panic("unfinished") }

// ByState goes through the leases of a subnet (0: of all) that are in the state.
func (s *Store) ByState(st State, subnet uint32) iter.Seq[Lease] { panic("unfinished") }

// All goes through all leases by address, IPv4 before IPv6.
func (s *Store) All() iter.Seq[Lease] { panic("unfinished") }

// Page returns up to limit leases of the family of after whose address is
// greater, in ascending order.
func (s *Store) Page(after netip.Addr, limit int) []Lease { panic("unfinished") }

// Count returns how many leases of the type a subnet (0: all) has in the state, in O(1).
func (s *Store) Count(subnet uint32, st State, typ Type) int { panic("unfinished") }

// Expiring goes through the leases that end after `after` and no later than
// until, by time. Infinite leases are not among them.
func (s *Store) Expiring(after, until time.Time) iter.Seq[Lease] { panic("unfinished") }

// Observe calls fn for every lease there is (old is nil) and from then on for
// every change, in the order of revisions (new is nil: removed), before the
// Commit returns. fn must be quick, must not call the store and must not
// modify what it is given. After stop has returned fn is not called again.
func (s *Store) Observe(fn func(old, new *Lease)) (stop func()) { panic("unfinished") }

// Revision returns the number of the latest change, 0 if there never was one.
func (s *Store) Revision() uint64 { panic("unfinished") }

// Since goes through all changes with a greater revision, in order, of each
// lease only the last, removals included, until it has caught up.
func (s *Store) Since(rev uint64) iter.Seq2[uint64, Change] { panic("unfinished") }

// Forget drops the memory of all removals up to and including the revision.
func (s *Store) Forget(ctx context.Context, rev uint64) error { panic("unfinished") }

// Forgotten returns the highest revision of a removal that Since no longer
// knows: who has seen less must compare all leases.
func (s *Store) Forgotten() uint64 { panic("unfinished") }

// Backup writes a copy of the store, as a file that Open opens, to w.
func (s *Store) Backup(w io.Writer) (int64, error) { panic("unfinished") }

// Compact makes the file as small as its content allows.
func (s *Store) Compact(ctx context.Context) error { panic("unfinished") }

// Close ends the store once the commits that wait are durable.
func (s *Store) Close() error { panic("unfinished") }
