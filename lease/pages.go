package lease

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The layout of a bbolt file, all numbers in the machine's byte order:
//
//	page      id uint64, flags uint16, count uint16, overflow uint32, content
//	meta      magic, version, page size, flags uint32; root, sequence,
//	          free list, number of pages, transaction, checksum uint64
//	branch    count times: position, key size uint32; child uint64
//	leaf      count times: flags, position, key size, value size uint32
//	free list ids uint64; if count is 0xffff the first is the count
//
// Positions count from the element they stand in. The value of a leaf element
// with flag 1 is a bucket: root, sequence uint64 and, if root is 0, a page.
const (
	boltMagic    = 0xED0CDAED
	boltVersion  = 2
	boltNoList   = 1<<64 - 1
	pageHeader   = 16
	metaLen      = 64
	elementLen   = 16
	bucketLen    = 16
	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
	flagBucket   = 0x01
	maxDepth     = 32
)

var native = binary.NativeEndian

// boltMeta is what a bbolt file says of itself.
type boltMeta struct {
	pageSize             int64
	root, freelist, high uint64
	tx                   uint64
}

// readMeta returns the valid meta page with the higher transaction.
func readMeta(f io.ReaderAt) (boltMeta, error) {
	m, _, err := readMetas(f)
	return m, err
}

// readMetas also says whether only one of the two is valid.
func readMetas(f io.ReaderAt) (best boltMeta, lone bool, err error) {
	// The first page is where it is; the second a page further, and how far
	// that is only a meta page tells.
	found := 0
	if m, ok := metaAt(f, 0); ok {
		best, found = m, 1
	}
	for size := int64(1 << 10); size <= 1<<16; size <<= 1 {
		if found > 0 && best.pageSize != size {
			continue
		}
		if m, ok := metaAt(f, size); ok && m.pageSize == size {
			if found++; m.tx > best.tx {
				best = m
			}
			break
		}
	}
	if found == 0 {
		return best, false, fmt.Errorf("%w (no valid meta page)", ErrDamaged)
	}
	return best, found == 1, nil
}

func metaAt(f io.ReaderAt, off int64) (m boltMeta, ok bool) {
	var b [metaLen]byte
	if _, err := f.ReadAt(b[:], off+pageHeader); err != nil {
		return m, false
	}
	sum := fnv.New64a()
	sum.Write(b[:metaLen-8])
	m = boltMeta{
		pageSize: int64(native.Uint32(b[8:])),
		root:     native.Uint64(b[16:]),
		freelist: native.Uint64(b[32:]),
		high:     native.Uint64(b[40:]),
		tx:       native.Uint64(b[48:]),
	}
	ok = native.Uint32(b[0:]) == boltMagic && native.Uint32(b[4:]) == boltVersion &&
		native.Uint64(b[56:]) == sum.Sum64() &&
		m.pageSize >= 1<<10 && m.pageSize <= 1<<16 && m.pageSize&(m.pageSize-1) == 0
	return m, ok
}

// inspectPages looks whether everything in the file points where it may: each
// page used once, within the file, and of the right kind. It says whether only
// one of the two meta pages is valid.
func inspectPages(f *os.File) (lone bool, err error) {
	m, lone, err := readMetas(f)
	if err != nil {
		return lone, err
	}
	info, err := f.Stat()
	if err != nil {
		return lone, err
	}
	if m.high > uint64(info.Size()/m.pageSize) {
		return lone, fmt.Errorf("%w (%d bytes, should be at least %d pages of %d)", ErrDamaged, info.Size(), m.high, m.pageSize)
	}
	in := &inspection{f: f, boltMeta: m, used: make([]uint64, m.high/64+1)}
	if err = in.tree(m.root, 0); err == nil && m.freelist != boltNoList {
		err = in.free(m.freelist)
	}
	var io *os.PathError
	if err != nil && !errors.As(err, &io) {
		err = fmt.Errorf("%w (%v)", ErrDamaged, err)
	}
	return lone, err
}

type inspection struct {
	boltMeta
	f    io.ReaderAt
	used []uint64 // a bit for each page seen
}

// mark notes that a page is used, which it may be once.
func (in *inspection) mark(id uint64) error {
	if id < 2 || id >= in.high {
		return fmt.Errorf("page %d is outside", id)
	}
	if in.used[id/64]&(1<<(id%64)) != 0 {
		return fmt.Errorf("page %d is used twice", id)
	}
	in.used[id/64] |= 1 << (id % 64)
	return nil
}

// page reads a page with its overflow.
func (in *inspection) page(id uint64) ([]byte, error) {
	if err := in.mark(id); err != nil {
		return nil, err
	}
	var h [pageHeader]byte
	if _, err := in.f.ReadAt(h[:], int64(id)*in.pageSize); err != nil {
		return nil, err
	}
	more := uint64(native.Uint32(h[12:]))
	if native.Uint64(h[:]) != id || more >= in.high-id {
		return nil, fmt.Errorf("page %d is none", id)
	}
	for i := range more {
		if err := in.mark(id + 1 + i); err != nil {
			return nil, err
		}
	}
	b := make([]byte, int64(more+1)*in.pageSize)
	_, err := in.f.ReadAt(b, int64(id)*in.pageSize)
	return b, err
}

// tree looks at a page and all below it.
func (in *inspection) tree(id uint64, depth int) error {
	if depth > maxDepth {
		return errors.New("pages nested too deep")
	}
	b, err := in.page(id)
	if err != nil {
		return err
	}
	switch native.Uint16(b[8:]) {
	case flagBranch:
		return in.branch(b, id, depth)
	case flagLeaf:
		return in.leaf(b, id, depth)
	default:
		return fmt.Errorf("page %d is of an unexpected kind", id)
	}
}

func (in *inspection) branch(b []byte, id uint64, depth int) error {
	n := int(native.Uint16(b[10:]))
	if n == 0 || pageHeader+n*elementLen > len(b) {
		return fmt.Errorf("page %d with %d elements", id, n)
	}
	for off := pageHeader; off < pageHeader+n*elementLen; off += elementLen {
		pos, key := uint64(native.Uint32(b[off:])), uint64(native.Uint32(b[off+4:]))
		if uint64(off)+pos+key > uint64(len(b)) {
			return fmt.Errorf("element outside page %d", id)
		}
		if err := in.tree(native.Uint64(b[off+8:]), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (in *inspection) leaf(b []byte, id uint64, depth int) error {
	n := int(native.Uint16(b[10:]))
	if pageHeader+n*elementLen > len(b) {
		return fmt.Errorf("page %d with %d elements", id, n)
	}
	for off := pageHeader; off < pageHeader+n*elementLen; off += elementLen {
		flags := native.Uint32(b[off:])
		pos, key, value := uint64(native.Uint32(b[off+4:])), uint64(native.Uint32(b[off+8:])), uint64(native.Uint32(b[off+12:]))
		start := uint64(off) + pos + key
		if start+value > uint64(len(b)) {
			return fmt.Errorf("element outside page %d", id)
		}
		if flags&flagBucket == 0 {
			continue
		}
		v := b[start : start+value]
		switch {
		case len(v) < bucketLen:
			return fmt.Errorf("short bucket in page %d", id)
		case native.Uint64(v) != 0:
			if err := in.tree(native.Uint64(v), depth+1); err != nil {
				return err
			}
		case len(v) < bucketLen+pageHeader || native.Uint16(v[bucketLen+8:]) != flagLeaf || depth > maxDepth:
			return fmt.Errorf("bad bucket in page %d", id)
		default:
			if err := in.leaf(v[bucketLen:], id, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// free looks at the list of free pages.
func (in *inspection) free(id uint64) error {
	b, err := in.page(id)
	if err != nil {
		return err
	}
	n, ids := uint64(native.Uint16(b[10:])), b[pageHeader:]
	if n == 0xffff {
		n, ids = native.Uint64(ids), ids[8:]
	}
	if native.Uint16(b[8:]) != flagFreelist || n > uint64(len(ids)/8) {
		return errors.New("bad list of free pages")
	}
	for i := range n {
		if err := in.mark(native.Uint64(ids[8*i:])); err != nil {
			return err
		}
	}
	return nil
}
