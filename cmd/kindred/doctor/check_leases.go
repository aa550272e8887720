package doctor

// checkLeases tells of Leases that carry Kindred's label and are not what Kindred
// writes. Clocks and what was done by hand have checks of their own.
func checkLeases(s *state) []Finding {
	var found []Finding
	for _, p := range s.after.Odd {
		if p.Clock || p.Hand {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Where: leaseWhere(p.Namespace, p.Lease), What: p.Text,
			Fix: deleteLease(p.Namespace, p.Lease),
		})
	}
	return found
}
