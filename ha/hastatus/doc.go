// Package hastatus is a page that tells a person, at a glance, how a server of
// package ha and its partner are: who serves, whether the partner is well,
// whether anything is lost or about to happen, and what is to be done. Below that
// it has the way both servers took, pools, and the leases, to be searched.
//
//	var service *ha.Service // made below, with the page's hook
//	page := hastatus.New(&hastatus.Options{
//		Status: func() ha.Status { return service.Status() },
//		Leases: store,
//		Pools:  engine.Pools,
//	})
//	service, err := ha.New(cfgs, store, &ha.Options{OnState: page.StateChanged})
//	...
//	go page.Run(ctx)
//	http.ListenAndServe("127.0.0.1:8067", page)
//
// The page is drawn by the server, so that it can be read without JavaScript;
// with it, it follows what happens, by server-sent events. Nothing is fetched
// from elsewhere. It may stand at any path that ends in a slash:
//
//	mux.Handle("/status/", http.StripPrefix("/status", page))
//
// # Guarantees
//
//   - It only tells: no request changes anything.
//   - What clients choose, such as their names, is shown as text, never as what
//     a browser would run or follow.
//   - Requests by which a web page elsewhere might read it are refused: those for
//     a name of another's while the server is reached on a loopback address, see
//     Options.Hosts, and streams for other sites.
//   - What readers can make a server take is bounded: event streams, searches
//     that go through leases, and how much each of them looks at. A reader that
//     does not read loses its stream.
//
// # Caveats
//
// There is no login. Who reaches the address reads who has which lease. Let it
// listen on a loopback address or in a network for management, or put it behind
// a server that asks for one.
//
// What both servers did is remembered since this one started, and no longer than
// the last 64 changes each.
package hastatus
