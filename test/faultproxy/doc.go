// Package faultproxy is an HTTPS proxy on loopback that stands between one client and the API server and misbehaves on
// demand: it delays, breaks, hangs, answers errors, or loses answers.
//
// Give every client whose network is to fail on its own a proxy of its own. The client's configuration, from
// Proxy.RESTConfig, has the proxy's address and certificate and the client's own bearer token, which passes through.
//
// # Faults
//
// A fault holds from the call that asks for it until Heal, and any number hold at once. Each may be restricted to some
// requests by match functions, all of which must accept a request. An unrestricted fault acts as a broken network does, on whole
// connections; a restricted one acts on the matching requests alone and leaves the other streams of their HTTP/2
// connection be.
//
//	Delay        the request goes on to the API server later
//	Detain       the same, and the client cannot call it back
//	Hang         the request is accepted and nothing more is heard, not of an open watch either, until Heal
//	Error        the request is answered with a status and never reaches the API server
//	LoseAnswers  the request reaches the API server, which carries it out; the client never learns of it
//	Cut          connections are refused, and those that are open break, with their watches
//
// When several match, they act in the order Cut, Hang, Delay and Detain, Error, LoseAnswers.
//
// What it cannot imitate: a hang ends no TCP connection and answers HTTP/2 pings, so it is an API server that is stuck,
// not a network that drops packets.
package faultproxy
