package lease

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"net/netip"
	"unsafe"
)

// A row is what the store keeps of one lease, in the file and in memory alike:
//
//	tag       type, FQDN flags, removed, state
//	address   4 or 16 bytes
//	rest      numbers as varints, texts with their length in front
//	source    a varint, Change.Source and one; not there if it was made here
//	checksum  4 bytes, over the revision and everything above
//
// Of a removed lease the rest is when it was removed; format 1 had not even
// that. The revision is not in the row, it is the key the row is kept under;
// that the checksum covers it keeps a row from passing for another one.

const (
	tagType    = 0x03
	tagFwd     = 0x04
	tagRev     = 0x08
	tagRemoved = 0x10
	tagState   = 5 // the state is in the bits from here

	checksumLen = 4
)

var (
	errRowShort    = errors.New("row ends early")
	errRowLong     = errors.New("row goes on after its end")
	errRowTag      = errors.New("row of unknown kind")
	errRowNumber   = errors.New("number out of range in row")
	errRowChecksum = errors.New("row does not fit its checksum")
)

// row is a row taken apart. Its texts are parts of the encoded row.
type row struct {
	Key
	removed          bool
	fqdnFwd, fqdnRev bool
	state            State
	prefixLen        uint8
	subnetID, poolID uint32
	cltt             int64
	validLft         uint32
	preferredLft     uint32
	iaid             uint32
	hwType           uint16
	hwSource         uint32
	source           uint64

	clientID, hwAddr, hostname, userContext []byte // nil: empty
}

// appendLease appends the row of a valid lease without its checksum.
func appendLease(b []byte, l *Lease, source uint64) []byte {
	tag := byte(l.Type) | byte(l.State)<<tagState
	if l.FQDNFwd {
		tag |= tagFwd
	}
	if l.FQDNRev {
		tag |= tagRev
	}
	b = append(b, tag)
	b = append(b, l.Addr.AsSlice()...)
	if l.Type == PD {
		b = append(b, l.PrefixLen)
	}
	b = binary.AppendUvarint(b, uint64(l.SubnetID))
	b = binary.AppendUvarint(b, uint64(l.PoolID))
	b = binary.AppendUvarint(b, uint64(l.CLTT))
	b = binary.AppendUvarint(b, uint64(l.ValidLft))
	if l.Type != V4 {
		b = binary.AppendUvarint(b, uint64(l.PreferredLft))
		b = binary.AppendUvarint(b, uint64(l.IAID))
		b = binary.AppendUvarint(b, uint64(l.HWType))
		b = binary.AppendUvarint(b, uint64(l.HWSource))
	}
	b = binary.AppendUvarint(b, uint64(len(l.ClientID)))
	b = append(b, l.ClientID...)
	b = binary.AppendUvarint(b, uint64(len(l.HWAddr)))
	b = append(b, l.HWAddr...)
	b = binary.AppendUvarint(b, uint64(len(l.Hostname)))
	b = append(b, l.Hostname...)
	b = binary.AppendUvarint(b, uint64(len(l.UserContext)))
	b = append(b, l.UserContext...)
	return appendSource(b, source)
}

// appendRemoved appends the row of a lease removed at a time without its
// checksum.
func appendRemoved(b []byte, k Key, cltt int64, source uint64) []byte {
	b = append(b, byte(k.Type)|tagRemoved)
	b = append(b, k.Addr.AsSlice()...)
	b = binary.AppendUvarint(b, uint64(cltt))
	return appendSource(b, source)
}

// rowBound bounds the length of the row of a valid change with its checksum.
func rowBound(c *Change) int {
	const v4, v6, removed = 52, 83, 37 // without texts
	l := &c.Lease
	switch {
	case c.Delete:
		return removed
	case l.Type == V4:
		return v4 + len(l.ClientID) + len(l.HWAddr) + len(l.Hostname) + len(l.UserContext)
	default:
		return v6 + len(l.ClientID) + len(l.HWAddr) + len(l.Hostname) + len(l.UserContext)
	}
}

// appendSource takes as little room as can be for the usual sources: none, and
// for Foreign a single 0.
func appendSource(b []byte, source uint64) []byte {
	if source == 0 {
		return b
	}
	return binary.AppendUvarint(b, source+1)
}

// sourceLen is how many bytes appendSource appends.
func sourceLen(source uint64) int {
	var b [binary.MaxVarintLen64]byte
	return len(appendSource(b[:0], source))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealRow appends to a row its checksum for the revision.
func sealRow(rev uint64, b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, rowChecksum(rev, b))
}

func rowChecksum(rev uint64, b []byte) uint32 {
	var r [8]byte
	binary.BigEndian.PutUint64(r[:], rev)
	return crc32.Update(crc32.Checksum(r[:], castagnoli), castagnoli, b)
}

// checksumOf returns the checksum that stands at the end of a row.
func checksumOf(b []byte) uint32 {
	return binary.LittleEndian.Uint32(b[len(b)-checksumLen:])
}

// verifyRow takes a row apart that comes from outside of memory.
func verifyRow(rev uint64, b []byte) (row, error) {
	if len(b) < checksumLen {
		return row{}, errRowShort
	}
	if rowChecksum(rev, b[:len(b)-checksumLen]) != checksumOf(b) {
		return row{}, errRowChecksum
	}
	return parseRow(b)
}

// parseRow takes a row apart without looking at its checksum.
func parseRow(b []byte) (row, error) {
	if len(b) < checksumLen {
		return row{}, errRowShort
	}
	return parsePayload(b[:len(b)-checksumLen])
}

// parsePayload takes a row apart that has no checksum.
func parsePayload(b []byte) (r row, err error) {
	err = r.parse(b)
	return r, err
}

func (r *row) parse(b []byte) error {
	d := rowReader{b: b}
	tag := d.byte()
	*r = row{
		Key:     Key{Type: Type(tag & tagType)},
		removed: tag&tagRemoved != 0,
		fqdnFwd: tag&tagFwd != 0,
		fqdnRev: tag&tagRev != 0,
		state:   State(tag >> tagState),
	}
	if r.Type == 0 || r.state > Registered || r.removed && tag&^tagType != tagRemoved {
		return errRowTag
	}
	if r.Type == V4 {
		var a [4]byte
		copy(a[:], d.bytes(4))
		r.Addr = netip.AddrFrom4(a)
	} else {
		var a [16]byte
		copy(a[:], d.bytes(16))
		r.Addr = netip.AddrFrom16(a)
	}
	if r.removed {
		if len(d.b) > 0 { // format 1 ends here
			r.cltt = int64(d.number(maxCLTT))
		}
	} else {
		if r.Type == PD {
			r.prefixLen = d.byte()
		}
		r.subnetID = uint32(d.number(1<<32 - 1))
		r.poolID = uint32(d.number(1<<32 - 1))
		r.cltt = int64(d.number(maxCLTT))
		r.validLft = uint32(d.number(1<<32 - 1))
		if r.Type != V4 {
			r.preferredLft = uint32(d.number(1<<32 - 1))
			r.iaid = uint32(d.number(1<<32 - 1))
			r.hwType = uint16(d.number(1<<16 - 1))
			r.hwSource = uint32(d.number(1<<32 - 1))
		}
		r.clientID = d.text()
		r.hwAddr = d.text()
		r.hostname = d.text()
		r.userContext = d.text()
	}
	if len(d.b) > 0 {
		if r.source = d.number(math.MaxUint64) - 1; r.source == 0 && d.err == nil {
			d.err = errRowNumber
		}
	}
	if d.err == nil && len(d.b) > 0 {
		d.err = errRowLong
	}
	return d.err
}

// rowReader reads the members of a row one after another. After an error it
// returns zeros.
type rowReader struct {
	b   []byte
	err error
}

func (d *rowReader) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.err, d.b = errRowShort, nil
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

func (d *rowReader) byte() byte {
	if len(d.b) == 0 {
		d.err = errRowShort
		return 0
	}
	b := d.b[0]
	d.b = d.b[1:]
	return b
}

func (d *rowReader) number(most uint64) uint64 {
	if len(d.b) > 0 && d.b[0] < 0x80 && most >= 0x80 { // most are
		n := d.b[0]
		d.b = d.b[1:]
		return uint64(n)
	}
	n, size := binary.Uvarint(d.b)
	switch {
	case size == 0:
		d.err, d.b = errRowShort, nil
		return 0
	case size < 0 || n > most || size > 1 && d.b[size-1] == 0: // or longer than it need be
		d.err, d.b = errRowNumber, nil
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *rowReader) text() []byte {
	if len(d.b) > 0 && d.b[0] == 0 {
		d.b = d.b[1:]
		return nil
	}
	return d.bytes(d.number(maxText))
}

// lease returns the lease as a value of the caller's own: nothing in it is
// shared with the row.
func (r *row) lease(rev uint64) Lease {
	l := r.numbers(rev)
	// One piece of memory for all texts. The capacities end where the lengths
	// do, so that appending to one does not run into the next.
	b := make([]byte, 0, len(r.hostname)+len(r.clientID)+len(r.hwAddr)+len(r.userContext))
	take := func(text []byte) []byte {
		if len(text) == 0 {
			return nil
		}
		n := len(b)
		b = append(b, text...)
		return b[n:len(b):len(b)]
	}
	if name := take(r.hostname); name != nil {
		// Nobody else has this part of b: no text of the lease reaches it.
		l.Hostname = unsafe.String(&name[0], len(name))
	}
	l.ClientID, l.HWAddr, l.UserContext = take(r.clientID), take(r.hwAddr), take(r.userContext)
	return l
}

// view returns the lease with texts that are parts of the row.
func (r *row) view(rev uint64) Lease {
	l := r.numbers(rev)
	l.Hostname = string(r.hostname)
	l.ClientID, l.HWAddr, l.UserContext = r.clientID, r.hwAddr, r.userContext
	return l
}

// numbers returns the lease without its texts.
func (r *row) numbers(rev uint64) Lease {
	return Lease{
		Type: r.Type, Addr: r.Addr, PrefixLen: r.prefixLen,
		HWType: r.hwType, HWSource: r.hwSource, IAID: r.iaid,
		SubnetID: r.subnetID, PoolID: r.poolID,
		CLTT: r.cltt, ValidLft: r.validLft, PreferredLft: r.preferredLft,
		FQDNFwd: r.fqdnFwd, FQDNRev: r.fqdnRev, State: r.state,
		Revision: rev,
	}
}

// change returns the change that the row is of.
func (r *row) change(rev uint64) Change {
	return Change{Lease: r.lease(rev), Delete: r.removed, Source: r.source}
}

// end returns when the lease ends in Unix seconds; false: never, or there is
// none.
func (r *row) end() (int64, bool) {
	if r == nil || r.validLft == Infinite {
		return 0, false
	}
	return r.cltt + int64(r.validLft), true
}

// revKey is the key of a row in the file.
func revKey(rev uint64) []byte { return binary.BigEndian.AppendUint64(nil, rev) }

// revOf returns the revision that a key stands for, 0 if it is none.
func revOf(k []byte) uint64 {
	if len(k) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(k)
}
