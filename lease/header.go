package lease

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"go.etcd.io/bbolt"
)

// header is the state of the whole store, written with every transaction. With
// the number of rows and the sum of their checksums in it, a file that has
// lost, doubled or swapped rows is found out when it is opened.
type header struct {
	revision  uint64 // of the latest change
	forgotten uint64 // latest revision of a removal that is no longer kept
	rows      uint64
	sum       uint64 // of the rows' checksums
	history   uint64 // checksum; 0 in format 1, which has neither
	marks     uint64 // checksum
	serverID  uint64 // checksum; 0 up to format 2, which has none
}

const (
	headerLen1 = 4*8 + checksumLen // of format 1
	headerLen2 = 6*8 + checksumLen // of format 2
	headerLen  = 7*8 + checksumLen
)

func (h *header) add(row []byte) { h.rows++; h.sum += uint64(checksumOf(row)) }

func (h *header) sub(row []byte) { h.rows--; h.sum -= uint64(checksumOf(row)) }

func (h *header) encode() []byte {
	b := make([]byte, 0, headerLen)
	for _, n := range [...]uint64{h.revision, h.forgotten, h.rows, h.sum, h.history, h.marks, h.serverID} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func parseHeader(b []byte) (h header, err error) {
	end := len(b) - checksumLen
	if len(b) != headerLen && len(b) != headerLen2 && len(b) != headerLen1 {
		return h, fmt.Errorf("header of %d bytes", len(b))
	}
	if crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]) {
		return h, errors.New("header does not fit its checksum")
	}
	for i, n := range [...]*uint64{&h.revision, &h.forgotten, &h.rows, &h.sum, &h.history, &h.marks, &h.serverID} {
		if 8*i < end {
			*n = binary.BigEndian.Uint64(b[8*i:])
		}
	}
	return h, nil
}

// state is what is true of a store as a whole.
type state struct {
	header   header
	history  history
	marks    marks
	serverID serverID
}

// sealed returns the header with the checksums of the rest.
func (st *state) sealed() header {
	h := st.header
	h.history, h.marks, h.serverID = sumOf(st.history.encode()), sumOf(st.marks.encode()), sumOf([]byte(st.serverID))
	return h
}

func sumOf(b []byte) uint64 { return uint64(crc32.Checksum(b, castagnoli)) }

// write puts all of it into a file.
func (st *state) write(tx *bbolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	if err := meta.Put(formatKey, []byte{format}); err != nil {
		return err
	}
	// Apart from the rest, which is written with every transaction.
	past, err := tx.CreateBucketIfNotExists(pastBucket)
	if err != nil {
		return err
	}
	if err := past.Put(historyKey, st.history.encode()); err != nil {
		return err
	}
	if err := meta.Put(marksKey, st.marks.encode()); err != nil {
		return err
	}
	if err := st.serverID.write(meta); err != nil {
		return err
	}
	h := st.sealed()
	return meta.Put(headerKey, h.encode())
}

// readState reads what write has written.
func readState(tx *bbolt.Tx) (st state, err error) {
	if st.header, err = readHeader(tx); err != nil {
		return st, err
	}
	var history []byte
	if past := tx.Bucket(pastBucket); past != nil {
		history = past.Get(historyKey)
	}
	meta := tx.Bucket(metaBucket)
	marks, server := meta.Get(marksKey), meta.Get(serverIDKey)
	if sumOf(history) != st.header.history || sumOf(marks) != st.header.marks || sumOf(server) != st.header.serverID {
		return st, fmt.Errorf("%w (history, marks or the server's identifier do not fit their checksums)", ErrDamaged)
	}
	st.serverID = serverID(server)
	if st.history, err = parseHistory(history); err == nil {
		st.marks, err = parseMarks(marks)
	}
	if err != nil {
		return st, fmt.Errorf("%w (%v)", ErrDamaged, err)
	}
	return st, nil
}
