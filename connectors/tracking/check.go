package tracking

// A check looks whether the check digit of a number is right. Numbers come
// normalised, and in the shape of the format that the check belongs to.
type check func(n string) bool

// value is a character's value: digits as they are, letters from 10 on.
func value(c byte) int {
	if c >= 'A' {
		return int(c-'A') + 10
	}
	return int(c - '0')
}

// gs1 is the check of barcodes: weights 3 and 1 from the right.
func gs1(n string) bool {
	sum, weight := 0, 1
	for i := len(n) - 1; i >= 0; i-- {
		sum += weight * int(n[i]-'0')
		weight = 4 - weight
	}
	return sum%10 == 0
}

// luhn is the check of bank cards.
func luhn(n string) bool {
	sum, twice := 0, false
	for i := len(n) - 1; i >= 0; i-- {
		d := int(n[i] - '0')
		if twice {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		twice = !twice
	}
	return sum%10 == 0
}

// doubled weighs every second character twice, from the left, and keeps the
// product whole; letters count as UPS counts them: A is 2, B is 3, and after 9
// comes 0.
func doubled(n string) bool {
	sum := 0
	for i := range len(n) - 1 {
		v := int(n[i] - '0')
		if n[i] >= 'A' {
			v = (int(n[i]-'A') + 2) % 10
		}
		if i%2 == 1 {
			v *= 2
		}
		sum += v
	}
	return (10-sum%10)%10 == int(n[len(n)-1]-'0')
}

// mod7 is the remainder of the number before the check digit.
func mod7(n string) bool {
	rest := 0
	for i := range len(n) - 1 {
		rest = (rest*10 + int(n[i]-'0')) % 7
	}
	return rest == int(n[len(n)-1]-'0')
}

// weighted is FedEx's: weights 1, 3, 7 from the right, modulo 11, and 10 is 0.
func weighted(n string) bool {
	weights := [3]int{1, 3, 7}
	sum := 0
	for i := range len(n) - 1 {
		sum += weights[(len(n)-2-i)%3] * int(n[i]-'0')
	}
	return sum%11%10 == int(n[len(n)-1]-'0')
}

// mod3736 is ISO 7064 with two moduli, over digits and letters: DPD's.
func mod3736(n string) bool {
	p := 36
	for i := range len(n) - 1 {
		s := (p + value(n[i])) % 36
		if s == 0 {
			s = 36
		}
		p = s * 2 % 37
	}
	return (p+value(n[len(n)-1]))%36 == 1
}

// s10 is the posts': the eight digits have weights of their own.
func s10(n string) bool {
	weights := [8]int{8, 6, 4, 2, 3, 5, 9, 7}
	sum := 0
	for i, w := range weights {
		sum += w * int(n[2+i]-'0')
	}
	want := 11 - sum%11
	switch want {
	case 10:
		want = 0
	case 11:
		want = 5
	}
	return want == int(n[10]-'0')
}

// fourNine is that of German letters and parcels: weights 4 and 9 from the left.
func fourNine(n string) bool {
	sum := 0
	for i := range len(n) - 1 {
		sum += [2]int{4, 9}[i%2] * int(n[i]-'0')
	}
	return (10-sum%10)%10 == int(n[len(n)-1]-'0')
}

// from checks what stands behind the first k characters.
func from(k int, f check) check { return func(n string) bool { return f(n[k:]) } }

// between checks a part of the number.
func between(a, b int, f check) check { return func(n string) bool { return f(n[a:b]) } }

// led checks with a digit put before what stands behind the first character,
// unless it is there already.
func led(by byte, f check) check {
	return func(n string) bool {
		n = n[1:]
		if n[0] != by {
			n = string(by) + n
		}
		return f(n)
	}
}
