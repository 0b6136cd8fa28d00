package hash_test

import (
	"fmt"

	"github.com/dhcpha/dhcpha/hash"
)

// Two servers hear the same query; one of them answers.
func Example() {
	hwAddr := []byte{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}
	bucket, ok := hash.V4(nil, hwAddr)
	for server := range 2 {
		share := hash.Share(server, 2)
		fmt.Printf("server %d answers: %t\n", server+1, ok && share.Contains(bucket))
	}
	// Output:
	// server 1 answers: true
	// server 2 answers: false
}

// A server on a slow machine takes a quarter of the clients.
func ExampleBuckets() {
	var slow hash.Buckets
	for n := range 64 {
		slow.Add(uint8(n))
	}
	bucket, _ := hash.V6([]byte{0, 3, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56})
	fmt.Println(bucket, slow.Contains(bucket))
	// Output: 175 false
}
