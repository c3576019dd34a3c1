// CloudbillTests
