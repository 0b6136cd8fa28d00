package hash

// Buckets is a hash bucket assignment (RFC 3074, section 2.2): the set of
// buckets that a server answers for, as a bitmap. Bucket n is the bit of value
// 1<<(n%8) of octet n/8. The zero Buckets is empty.
type Buckets [32]byte

// Share returns the buckets of one of several servers, numbered from 0, by
// Kea's rule: bucket n belongs to server n modulo servers. Of two servers, the
// primary (0) has the even and the secondary (1) the odd buckets. There are no
// buckets for a server that does not exist.
func Share(server, servers int) Buckets {
	var b Buckets
	if server < 0 || server >= servers {
		return b
	}
	for n := server; n < 256; n += servers {
		b.Add(uint8(n))
	}
	return b
}

// Add puts a bucket into the set.
func (b *Buckets) Add(bucket uint8) { b[bucket/8] |= 1 << (bucket % 8) }

// Contains says whether a bucket is in the set.
func (b *Buckets) Contains(bucket uint8) bool { return b[bucket/8]&(1<<(bucket%8)) != 0 }
