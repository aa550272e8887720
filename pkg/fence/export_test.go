package fence

// Flights returns how many writes are under way.
func (f *Fence) Flights() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for fl := f.flights; fl != nil; fl = fl.next {
		n++
	}
	return n
}
