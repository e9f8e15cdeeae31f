import Testing

@testable import Canteen
