// Package lease keeps DHCP leases: what a lease is, its JSON as Kea's servers
// exchange it, and a Store that holds leases durably in one file and answers
// every question about them from memory.
//
//	store, err := lease.Open("leases.db", nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//
//	l := lease.Lease{
//		Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.7"), SubnetID: 1,
//		HWAddr: mac, CLTT: time.Now().Unix(), ValidLft: 3600,
//	}
//	err = store.Commit(ctx, lease.Change{Lease: l, If: lease.Absent})
//	if errors.Is(err, lease.ErrConflict) {
//		// somebody else was faster
//	}
//
// A Commit returns after its changes are on disk. Many that wait at the same
// time share one write, so it is many goroutines, each committing one lease
// and waiting for it, that make a store fast. Whoever hands out leases takes a
// [Committer] rather than a *Store: then what replicates leases to a partner
// can stand in between.
//
// Every change gets a revision, a number that only grows. A change can be made
// dependent on the revision its author has seen (Change.If), and
// [Store.Since] tells what has changed since one, removals included.
//
// What keeps several stores alike finds here what it needs for it. A change
// carries where it was made (Change.Source), also when it is a removal.
// [Store.Announce] tells of changes while they are being written, so that
// another server can write them at the same time. A [Position] names a place in
// a store's history, and [Store.Locate] says how much of it is left after an
// accident. [Store.CommitMark] makes changes durable together with the place in
// the history of the store that they came from.
//
// # Guarantees
//
//   - A change whose Commit returned nil is in the file whenever the process
//     or the machine ends. The changes of one Commit are made together or not
//     at all, also then.
//   - A change whose Commit returned an error other than that of its ctx is
//     not seen by anybody, but for an [Announcer], which is told that it
//     failed. The store goes on: if the disk was full, the next Commit
//     succeeds as soon as it no longer is.
//   - Revisions of changes that were made never repeat, whatever is removed or
//     forgotten. Those of changes that were only announced may, after a crash
//     or in a copy of the file; a Position tells them apart.
//   - A mark and the changes of its CommitMark are there together or not at
//     all.
//   - Going through leases ([Store.All], [Store.Since] and the like),
//     [Store.Backup] and [Store.Compact] do not hold up commits.
//   - A lease that a method returns shares no memory with the store.
//   - A file that is damaged, of a newer format, somebody else's or in use is
//     refused by [Open] with an error that says which, and is left as it is.
//
// # Caveats
//
//   - If the process ends right after a Commit failed because of the disk, the
//     changes of that Commit may be found in the file nevertheless.
//   - A disk that reports data as written that is not can lose leases.
//   - All leases are in memory: about 190 bytes each, 240 with DHCPv6, and as
//     much again at times until the garbage collector comes round. Opening a
//     million takes about two seconds.
//   - The last 100,000 removals are remembered for Since; [Store.Forgotten]
//     tells what is no longer.
//   - Lease times are wall time in whole seconds, as on the wire.
//   - A file of an earlier version of this package becomes one of this version
//     when it is opened, and earlier versions refuse it then.
package lease
